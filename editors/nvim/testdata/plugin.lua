-- Plays what the plugin adds: the commands, snippets, help and health.
local lib = dofile(vim.env.NVIM_HANDSHAKE .. "/testdata/lib.lua")
local original, golden = lib.read("main.go"), lib.read("main.go.golden")
local notes = ""
vim.notify = function(text)
  lib.say("note: %s", text)
  notes = notes .. text .. "\n"
end

--- Returns what the completion of a command line offers.
local function completions(line) return table.concat(vim.fn.getcompletion(line, "cmdline"), " ") end

--- Waits for a window that a command opens, checks its text and closes it.
local function window(command, want)
  local main = vim.api.nvim_get_current_win()
  vim.cmd(command)
  lib.wait(command .. " opens a window", function() return vim.api.nvim_get_current_win() ~= main end)
  lib.has(command, lib.text(), want)
  vim.api.nvim_feedkeys("q", "xt", false)
  if vim.api.nvim_get_current_win() ~= main then lib.fail("q does not close the window") end
end

lib.open()
lib.to_finding()
lib.equal("subcommands", completions("Handshake "), "diagram explain fixall restart snippet")
lib.equal("rules", completions("Handshake explain sleeps"), "sleepstart sleepstop")
lib.has("snippets", completions("Handshake snippet "), "hsreply ")

window("Handshake explain", "# sleepstart")
window("Handshake explain replybuf", "# replybuf")
window("Handshake diagram", "sequenceDiagram")
local opened
vim.ui.open = function(name) opened = name end
vim.cmd("Handshake diagram open")
lib.wait("the picture is opened", function() return opened end)
lib.has("the picture", lib.read(opened), "<svg")

vim.cmd("Handshake fixall") -- which waits
lib.equal("fixall makes the fix", lib.text(), golden)
vim.cmd("Handshake fixall")
lib.has("fixall tells that there is nothing to do", notes, "nothing to fix")
vim.cmd("silent undo")
lib.equal("one undo takes it back", lib.text(), original)
lib.wait("the finding is back", function() return #lib.ours() == 1 end)
vim.cmd("Handshake fixall workspace")
lib.wait("fixall workspace tells what it did", function() return notes:find("1 fixes in 1 files", 1, true) end)
lib.equal("fixall workspace makes the fix", lib.text(), golden)
vim.cmd("silent undo")
lib.wait("the finding is back", function() return #lib.ours() == 1 end)

-- Restart a living server, and one that was killed.
local function server()
  for _, pid in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    if (vim.api.nvim_get_proc(pid) or {}).name == "handshake" then return pid end
  end
end
local function ready() return #vim.lsp.get_clients({ bufnr = 0, name = "handshake" }) == 1 and #lib.ours() == 1 end
local first = server()
vim.cmd("Handshake restart")
local second
lib.wait("another server runs", function()
  second = server() -- asked once: the first may end between two questions
  return second and second ~= first and ready()
end)
vim.uv.kill(second, "sigkill")
lib.wait("the killed server is gone with its findings", function()
  return #vim.lsp.get_clients({ name = "handshake" }) == 0 and #lib.ours() == 0
end)
notes = ""
vim.cmd("Handshake fixall")
lib.has("a command tells that no server runs", notes, ":checkhealth handshake")
vim.cmd("Handshake restart")
lib.wait("the server is back", ready)

-- A snippet, and its tab stops.
vim.cmd("normal! Go")
vim.cmd("Handshake snippet hsask")
lib.has("the snippet", lib.text(), "func ask(ctx context.Context")
if not vim.snippet.active() then lib.fail("the snippet has no tab stops") end
vim.snippet.jump(1)
local line = vim.api.nvim_get_current_line()
lib.has("the second tab stop", line:sub(vim.fn.getpos("v")[3]), "requests")
vim.snippet.stop()
vim.cmd("silent! normal! \27")
while lib.text() ~= original do vim.cmd("silent undo") end

vim.cmd("checkhealth handshake")
for _, want in ipairs({ "server: ", "running in ", "gopls at " }) do lib.has("health", lib.text(), want) end
if lib.text():find("ERROR") or lib.text():find("WARNING") then lib.fail("unhealthy:\n%s", lib.text()) end
local path = vim.env.PATH
vim.env.PATH = "/nowhere"
vim.cmd("checkhealth handshake")
lib.has("health without the server", lib.text(), "handshake is not on PATH")
vim.env.PATH = path

for _, tag in ipairs({ ":Handshake", "handshake-0.10", "handshake.apply()" }) do
  vim.cmd.help(tag)
  lib.has("help " .. tag, vim.api.nvim_get_current_line(), "*" .. tag .. "*")
end
local doc = vim.fn.tempname()
vim.fn.mkdir(doc)
vim.fn.writefile(vim.fn.readfile(vim.env.NVIM_HANDSHAKE .. "/doc/handshake.txt"), doc .. "/handshake.txt")
vim.cmd.helptags(doc)
lib.equal("doc/tags is fresh (else :helptags doc)", lib.read(vim.env.NVIM_HANDSHAKE .. "/doc/tags"), lib.read(doc .. "/tags"))
lib.quit()
