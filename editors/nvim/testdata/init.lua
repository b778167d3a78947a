-- The configuration of the person whom the tests play: what :help handshake
-- says, and gopls as nvim-lspconfig starts it. NVIM_HANDSHAKE is the folder above.
vim.opt.runtimepath:prepend(vim.env.NVIM_HANDSHAKE)
local gopls = {
  cmd = { "gopls" },
  filetypes = { "go", "gomod", "gowork", "gotmpl" },
  root_markers = { "go.work", "go.mod", ".git" },
}
if vim.lsp.enable then
  vim.lsp.config("gopls", gopls)
  -- Leave when the servers have, not before: their caches lie in a folder that is
  -- removed after the test.
  vim.lsp.config("*", { exit_timeout = 60000 })
  vim.lsp.enable({ "gopls", "handshake" })
else -- Neovim 0.10
  require("handshake").enable()
  vim.api.nvim_create_autocmd("FileType", {
    pattern = "go",
    callback = function()
      vim.lsp.start(vim.tbl_extend("error", { name = "gopls", root_dir = vim.fs.root(0, "go.mod") }, gopls))
    end,
  })
end
vim.diagnostic.config({ virtual_lines = true })
vim.o.tabstop = 4

-- The right end of the status line names the servers that are ready.
function Servers()
  return vim.iter(vim.lsp.get_clients({ bufnr = 0 })):map(function(client) return client.name end):join(" ")
end
vim.o.statusline = "%f %m%=%{v:lua.Servers()}"
vim.api.nvim_create_autocmd("LspAttach", { command = "redrawstatus" })
