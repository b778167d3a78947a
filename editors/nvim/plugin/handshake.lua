-- The command :Handshake. What it does is in lua/handshake, which is loaded when
-- it is used first.
if vim.g.loaded_handshake or vim.fn.has("nvim-0.10") == 0 then return end
vim.g.loaded_handshake = true

vim.api.nvim_create_user_command("Handshake", function(command)
  require("handshake").run(command.fargs)
end, {
  desc = "Fix, explain and draw handshakes between goroutines",
  nargs = "+",
  complete = function(lead, line) return require("handshake").complete(lead, line) end,
})

-- Remember which text the findings of gopls are of.
vim.api.nvim_create_autocmd("DiagnosticChanged", {
  pattern = "*.go",
  callback = function(event)
    for _, d in ipairs(event.data.diagnostics) do
      if d.source ~= "handshake" then vim.b[event.buf].handshake_reported = vim.b[event.buf].changedtick end
    end
  end,
})
