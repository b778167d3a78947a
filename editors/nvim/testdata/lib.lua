-- What the sessions have in common. A session prints what happens; the exit code
-- is not 0 if anything differs from what it should be.
local M = {}

local LIMIT = 60000 -- ms; so long only on a loaded machine

local start = vim.uv.hrtime()

function M.say(...) io.stdout:write(("%6d ms  "):format((vim.uv.hrtime() - start) / 1e6), string.format(...), "\n") end

function M.fail(...)
  M.say("FAIL: %s", string.format(...))
  M.say("%s", vim.inspect(vim.diagnostic.get(0)))
  M.say("%s", vim.fn.execute("messages"))
  vim.cmd("cquit 1")
end

function M.wait(what, condition)
  if not vim.wait(LIMIT, condition, 10) then M.fail("waited in vain until %s", what) end
  M.say("ok: %s", what)
end

--- Returns the text of a buffer, the current one by default.
function M.text(buf) return table.concat(vim.api.nvim_buf_get_lines(buf or 0, 0, -1, true), "\n") .. "\n" end

--- Returns the text of a file.
function M.read(name) return table.concat(vim.fn.readfile(name), "\n") .. "\n" end

function M.equal(what, got, want)
  if got ~= want then M.fail("%s: a difference:\n%s", what, (vim.text and vim.text.diff or vim.diff)(want, got)) end
  M.say("ok: %s", what)
end

function M.has(what, text, want)
  if not text:find(want, 1, true) then M.fail("%s: want %q in\n%s", what, want, text) end
  M.say("ok: %s", what)
end

--- Returns the findings of handshake in the current buffer.
function M.ours()
  return vim.tbl_filter(function(d) return d.source == "handshake" end, vim.diagnostic.get(0))
end

--- Calls a method of a client, in all versions of Neovim.
M.call = function(...) return require("handshake.client").call(...) end

--- Opens main.go and waits for both servers and the one finding.
function M.open()
  M.say("Neovim %s", tostring(vim.version()))
  vim.cmd("filetype plugin on")
  vim.cmd.edit("main.go")
  M.wait("gopls and handshake are attached", function() return #vim.lsp.get_clients({ bufnr = 0 }) == 2 end)
  M.wait("handshake has a diagnostic", function() return #M.ours() > 0 end)
  for _, d in ipairs(M.ours()) do
    M.say("main.go:%d:%d: %s (%s %s)", d.lnum + 1, d.col + 1, d.message, d.source, d.code)
  end
  if #M.ours() ~= 1 or M.ours()[1].code ~= "sleepstart" then M.fail("want one diagnostic, sleepstart") end
end

function M.to_finding() vim.api.nvim_win_set_cursor(0, { M.ours()[1].lnum + 1, M.ours()[1].col }) end

--- Runs the example of the help file that has this text in it.
function M.documented(mark)
  local doc = M.read(vim.env.NVIM_HANDSHAKE .. "/doc/handshake.txt")
  for block in doc:gmatch(">lua\n(.-)\n<\n") do
    if block:find(mark, 1, true) then return assert(loadstring(block))() end
  end
  M.fail("the help file has no example with %s", mark)
end

--- Stops all servers and waits until they have gone: their caches lie in a folder
--- that is removed after the test.
function M.quit()
  for _, client in ipairs(vim.lsp.get_clients()) do M.call(client, "stop") end
  M.wait("the servers have stopped", function()
    return #vim.tbl_filter(function(pid)
      return vim.tbl_contains({ "gopls", "handshake" }, (vim.api.nvim_get_proc(pid) or {}).name)
    end, vim.api.nvim_get_proc_children(vim.fn.getpid())) == 0
  end)
  M.say("PASS")
end

return M
