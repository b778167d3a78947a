-- :checkhealth handshake
local client = require("handshake.client")

local M = {}

--- Tells what "handshake doctor" says.
local function doctor(program)
  local path = vim.fn.exepath(program)
  if path == "" then
    vim.health.error(("%s is not on PATH"):format(program), {
      "In a checkout of handshake, run: go install ./cmd/handshake",
      "Put the folder that `go env GOPATH` names, with /bin, on the PATH that Neovim gets.",
    })
    return
  end
  vim.health.ok("server: " .. path)
  local result = vim.system({ path, "doctor" }, { text = true }):wait(30000)
  for line in vim.gsplit(vim.trim(result.stdout .. result.stderr), "\n") do
    local verdict, text = line:match("^(%S+)%s+(.*)")
    local report = ({ ok = vim.health.ok, FAIL = vim.health.error, note = vim.health.info })[verdict]
    if report then report(text) else vim.health.info(line) end
  end
end

function M.check()
  vim.health.start("handshake")
  if vim.fn.has("nvim-0.10") == 0 then return vim.health.error("Neovim 0.10 or newer is needed") end
  local configured, config = pcall(client.config)
  if not configured or not config then
    return vim.health.error("lsp/handshake.lua is not on the runtimepath", { "See :help handshake-install" })
  end
  doctor(config.cmd[1])

  local clients = vim.lsp.get_clients({ name = client.name })
  for _, c in ipairs(clients) do
    vim.health.ok(("running in %s, in %d buffers"):format(c.root_dir or "a single file", vim.tbl_count(c.attached_buffers)))
    for buf in pairs(c.attached_buffers) do
      if #vim.lsp.get_clients({ bufnr = buf, name = "gopls" }) == 0 then
        vim.health.info(("gopls is not attached to %s"):format(vim.api.nvim_buf_get_name(buf)))
      end
    end
  end
  if #clients == 0 then
    vim.health.warn("not running", { "Open a Go file first.", 'Enable it: vim.lsp.enable("handshake"); before Neovim 0.11, require("handshake").enable()' })
  end
end

return M
