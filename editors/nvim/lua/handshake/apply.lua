-- Code actions for a whole file, made at once and not in a menu.
local client = require("handshake.client")

local LIMIT = 10000 -- ms to wait for an answer

--- Returns the diagnostics of a buffer as the servers sent them, if they are of
--- the text as it is now (see plugin/handshake.lua). gopls fixes those that it is
--- told of, by edits that it made when it found them: told of old ones, it would
--- have old edits applied to new text.
local function reported(buf)
  local out = {}
  if vim.b[buf].handshake_reported ~= vim.b[buf].changedtick then return out end
  for _, d in ipairs(vim.diagnostic.get(buf)) do
    table.insert(out, vim.tbl_get(d, "user_data", "lsp"))
  end
  return out
end

--- Returns the edit of an action, if it has any, which some servers make only now.
local function edit_of(c, buf, action)
  if not action.edit and vim.tbl_get(c.server_capabilities, "codeActionProvider", "resolveProvider") then
    local problem
    action, problem = client.ask(c, "codeAction/resolve", action, buf, LIMIT)
    if not action then return nil, problem end
  end
  local edit = action.edit or {}
  return next(edit.documentChanges or edit.changes or {}) and edit
end

local function before(a, b) return a.line < b.line or a.line == b.line and a.character < b.character end

local function overlap(a, b)
  return before(a.start, b["end"]) and before(b.start, a["end"]) or vim.deep_equal(a.start, b.start)
end

--- Adds a change of one file to others that were made for the same text. Returns
--- false if they do not go together.
local function merge(all, change)
  if not change.edits then return false end -- of a file's name
  local same
  for _, other in ipairs(all) do
    if other.textDocument.uri == change.textDocument.uri then same = other end
  end
  if not same then return table.insert(all, change) or true end
  for _, edit in ipairs(change.edits) do
    for _, other in ipairs(same.edits) do
      if overlap(edit.range, other.range) then return false end
    end
  end
  vim.list_extend(same.edits, change.edits)
  return true
end

--- Makes all that one server offers of exactly one kind. gopls offers each fix as an
--- action of its own, all of them for the text as it is now: they are made
--- together, and what does not go together with the first is left for later.
---@return integer count
---@return string? problem
local function make(c, buf, kind)
  local actions, problem = client.ask(c, "textDocument/codeAction", {
    textDocument = vim.lsp.util.make_text_document_params(buf),
    range = { start = { line = 0, character = 0 }, ["end"] = { line = vim.api.nvim_buf_line_count(buf), character = 0 } },
    context = { only = { kind }, diagnostics = reported(buf) },
  }, buf, LIMIT)
  local count, first = 0, nil
  for _, action in ipairs(actions or {}) do
    local edit
    if not action.disabled and action.kind == kind then
      edit, problem = edit_of(c, buf, action)
    end
    if edit and not first then
      first, count = edit, 1
    elseif edit and first.documentChanges and #(edit.documentChanges or {}) == 1 and first.documentChanges[1].edits
      and merge(first.documentChanges, edit.documentChanges[1]) then
      count = count + 1
    end
  end
  if first then vim.lsp.util.apply_workspace_edit(first, c.offset_encoding) end
  return count, problem
end

--- Makes what the servers of a buffer offer for the whole file, such as
--- "source.fixAll.handshake" and "source.organizeImports", kind after kind, and
--- waits until it is done: for use before the buffer is written.
---@param kinds string[]
---@param buf? integer the current one by default
---@return integer how many actions were made
return function(kinds, buf)
  buf = (buf or 0) == 0 and vim.api.nvim_get_current_buf() or buf
  local total = 0
  for _, kind in ipairs(kinds) do
    for _, c in ipairs(vim.lsp.get_clients({ bufnr = buf, method = "textDocument/codeAction" })) do
      local count, problem = make(c, buf, kind)
      total = total + count
      if problem then vim.notify("handshake: " .. problem, vim.log.levels.ERROR) end
    end
  end
  return total
end
