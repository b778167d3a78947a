-- The configuration of the person whom the tests play: what the README says,
-- and gopls as nvim-lspconfig starts it. NVIM_HANDSHAKE is the folder above.
vim.opt.runtimepath:prepend(vim.env.NVIM_HANDSHAKE)
vim.lsp.config("gopls", {
  cmd = { "gopls" },
  filetypes = { "go", "gomod", "gowork", "gotmpl" },
  root_markers = { "go.work", "go.mod", ".git" },
})
-- Leave when the servers have, not before: their caches lie in a folder that is
-- removed after the test.
vim.lsp.config("*", { exit_timeout = 60000 })
vim.lsp.enable({ "gopls", "handshake" })
vim.diagnostic.config({ virtual_lines = true })
vim.o.tabstop = 4

-- The right end of the status line names the servers that are ready.
function Servers()
  return vim.iter(vim.lsp.get_clients({ bufnr = 0 })):map(function(client) return client.name end):join(" ")
end
vim.o.statusline = "%f %m%=%{v:lua.Servers()}"
vim.api.nvim_create_autocmd("LspAttach", { command = "redrawstatus" })
