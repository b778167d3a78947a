---@brief
---
--- handshake turns guessed synchronisation in Go (`time.Sleep` waits, missing
--- stop confirmations, abandoned reply channels) into handshakes. It runs
--- beside gopls on the same buffer.
---
--- Install the server from a checkout with `go install ./cmd/handshake`, put
--- the folder `editors/nvim` of the checkout on your runtimepath (see
--- |handshake-install|; this file alone, in `~/.config/nvim/lsp/`, does as well,
--- but without the commands), and enable it in `init.lua`:
---
--- ```lua
--- vim.lsp.enable({ "gopls", "handshake" })
--- ```
---
--- Fixes are ordinary code actions: `gra` on a diagnostic opens the menu. To
--- apply all safe ones of a file:
---
--- ```lua
--- vim.lsp.buf.code_action({
---   apply = true,
---   context = { only = { "source.fixAll.handshake" }, diagnostics = {} },
--- })
--- ```
---
--- The settings, each with an example. A file `.handshake.json` at the root of
--- the module has the same keys and wins.
---
--- ```lua
--- vim.lsp.config("handshake", {
---   settings = {
---     handshake = {
---       rules = { sleepstart = false }, -- turn rules off, or preview rules on
---       severities = { nostopped = "hint" }, -- or "warning", "info"
---       exclude = { "third_party" }, -- paths and patterns from the module root
---       diagnostics = false, -- code actions only
---       snippets = false, -- if a snippet plugin has loaded them already
---       hover = "off",    -- no role card of channels beside gopls' hover
---       buildFlags = { "-tags=integration" }, -- for the go command
---       env = { GOOS = "windows" }, -- likewise
---     },
---   },
--- })
--- ```

---@type vim.lsp.Config
return {
  cmd = { "handshake", "serve" },
  filetypes = { "go" },
  root_markers = { "go.work", "go.mod", ".git" },
}
