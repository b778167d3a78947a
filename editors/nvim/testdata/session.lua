-- Plays one session in a headless Neovim, in a folder with main.go and
-- main.go.golden, and prints what happens. The exit code is not 0 if anything
-- differs from what it should be.
local TITLE = "Replace time.Sleep with started channel"
local LIMIT = 60000 -- ms; so long only on a loaded machine

local function say(...) io.stdout:write(string.format(...), "\n") end
local function fail(...)
  say("FAIL: %s", string.format(...))
  say("%s", vim.inspect(vim.diagnostic.get(0)))
  vim.cmd("cquit 1")
end
local function wait(what, condition)
  if not vim.wait(LIMIT, condition, 10) then fail("waited in vain until %s", what) end
  say("ok: %s", what)
end
local function text() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\n") .. "\n" end
local function ours()
  return vim.tbl_filter(function(d) return d.source == "handshake" end, vim.diagnostic.get(0))
end

-- Exit code and signal of each server that has ended.
local exits = {}
for _, name in ipairs({ "gopls", "handshake" }) do
  vim.lsp.config(name, { on_exit = function(code, signal) exits[name] = code .. " " .. signal end })
end

say("Neovim %s", tostring(vim.version()))
vim.cmd("filetype on")
vim.cmd.edit("main.go")
say("%s", text())

wait("gopls and handshake are attached", function() return #vim.lsp.get_clients({ bufnr = 0 }) == 2 end)
wait("handshake has a diagnostic", function() return #ours() > 0 end)
for _, d in ipairs(ours()) do
  say("main.go:%d:%d: %s (%s %s)", d.lnum + 1, d.col + 1, d.message, d.source, d.code)
end
if #ours() ~= 1 or ours()[1].code ~= "sleepstart" then fail("want one diagnostic, sleepstart") end

-- The person puts the cursor on the sleep, opens the menu (vim.ui.select is
-- the menu) and chooses our fix.
local menu, from = nil, {}
vim.ui.select = function(items, opts, choose)
  menu = {}
  for i, item in ipairs(items) do
    local client = vim.lsp.get_client_by_id(item.ctx.client_id).name
    from[client] = true
    menu[item.action.title] = i
    say("menu %d: %s (%s, %s)", i, opts.format_item(item), client, item.action.kind)
  end
  if menu[TITLE] then choose(items[menu[TITLE]], menu[TITLE]) else choose(nil) end
end
vim.api.nvim_win_set_cursor(0, { ours()[1].lnum + 1, ours()[1].col })
local before = vim.b.changedtick
vim.lsp.buf.code_action()
wait("the menu is open", function() return menu ~= nil end)
if not (from.gopls and from.handshake) then fail("want the actions of both servers in the menu") end
if not menu[TITLE] then fail("want our fix in the menu") end

wait("the fix is applied", function() return vim.b.changedtick ~= before end)
say("%s", text())
local golden = assert(io.open("main.go.golden")):read("*a")
if text() ~= golden then fail("the buffer differs from the golden file:\n%s", vim.text.diff(golden, text())) end
wait("handshake has nothing more to say", function() return #ours() == 0 end)

-- One undo takes the whole fix back. Then the person applies all safe fixes of
-- the file, as lsp/handshake.lua tells.
local original = table.concat(vim.fn.readfile("main.go"), "\n") .. "\n"
vim.cmd("silent undo")
if text() ~= original then fail("undo leaves a difference:\n%s", vim.text.diff(original, text())) end
wait("undo brings the diagnostic back", function() return #ours() == 1 end)
vim.lsp.buf.code_action({
  apply = true,
  context = { only = { "source.fixAll.handshake" }, diagnostics = {} },
})
wait("fix-all does the same as the fix", function() return text() == golden end)
wait("handshake has nothing more to say", function() return #ours() == 0 end)

for _, client in ipairs(vim.lsp.get_clients()) do client:stop() end
wait("both servers have stopped", function() return exits.gopls and exits.handshake end)
if exits.handshake ~= "0 0" then fail("handshake left with exit code and signal %s", exits.handshake) end
say("PASS")
