-- The client of the server, in all versions of Neovim since 0.10.
local M = { name = "handshake" }

local methods = vim.fn.has("nvim-0.11") == 1 -- client:request(…); before, client.request(…)

--- Returns the configuration: that of vim.lsp.config, or before Neovim 0.11 that
--- of enable, or else what lsp/handshake.lua says.
---@return table
function M.config()
  if methods then return vim.lsp.config[M.name] end
  M.old = M.old or dofile(vim.api.nvim_get_runtime_file("lsp/handshake.lua", false)[1])
  return M.old
end

--- Returns the running client of a buffer, or nil.
---@param buf integer
function M.of(buf) return vim.lsp.get_clients({ bufnr = buf, name = M.name })[1] end

--- Calls a method of a client, such as "stop" or "request".
---@param client vim.lsp.Client
---@param method string
function M.call(client, method, ...)
  if methods then return client[method](client, ...) end
  return client[method](...)
end

--- Asks a server and waits for the answer.
---@param client vim.lsp.Client
---@param method string of LSP
---@param params table
---@param buf integer
---@param limit integer milliseconds
---@return any result nil if there is none
---@return string? problem
function M.ask(client, method, params, buf, limit)
  local answer, problem = M.call(client, "request_sync", method, params, limit, buf)
  if not answer then return nil, ("%s gives no answer to %s (%s)"):format(client.name, method, problem) end
  if answer.err then return nil, ("%s: %s"):format(client.name, answer.err.message) end
  return answer.result
end

--- Starts the server for a buffer. It is what vim.lsp.enable does since Neovim
--- 0.11.
---@param buf integer
local function start(buf)
  local config = M.config()
  vim.lsp.start(vim.tbl_extend("keep", { root_dir = vim.fs.root(buf, config.root_markers) }, config), { bufnr = buf })
end

--- Starts the server for the buffers that are loaded, and for those to come.
---@param config? table like that of vim.lsp.config
function M.enable(config)
  if methods then
    if config then vim.lsp.config(M.name, config) end
    vim.lsp.enable(M.name)
    return
  end
  M.old = vim.tbl_deep_extend("force", M.config(), { name = M.name }, config or {})
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup("handshake", {}),
    pattern = M.old.filetypes,
    callback = function(event) start(event.buf) end,
  })
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buf) and vim.tbl_contains(M.old.filetypes, vim.bo[buf].filetype) then start(buf) end
  end
end

--- Stops the running servers, by force after three seconds, and starts others in
--- their place; or starts one if none runs.
function M.restart()
  local clients = vim.lsp.get_clients({ name = M.name })
  if #clients == 0 then return M.enable() end
  for _, client in ipairs(clients) do
    local bufs = vim.tbl_keys(client.attached_buffers)
    vim.api.nvim_create_autocmd("LspDetach", {
      callback = function(event)
        if event.data.client_id ~= client.id then return end
        vim.schedule(function() -- when the client is forgotten
          for _, buf in ipairs(bufs) do
            if vim.api.nvim_buf_is_loaded(buf) then vim.lsp.start(client.config, { bufnr = buf }) end
          end
        end)
        return true -- once
      end,
    })
    M.call(client, "stop")
    vim.defer_fn(function()
      if not M.call(client, "is_stopped") then M.call(client, "stop", true) end
    end, 3000)
  end
end

return M
