-- What people call: :Handshake and a few functions. See :help handshake.
local apply = require("handshake.apply")
local client = require("handshake.client")

local M = { enable = client.enable, apply = apply }

local function say(text, level) vim.notify("handshake: " .. text, level or vim.log.levels.INFO) end

--- Returns the client of the current buffer, or tells that there is none.
local function here()
  local c = client.of(0)
  if not c then say("not running in this buffer; see :checkhealth handshake", vim.log.levels.WARN) end
  return c
end

--- Runs a command of the server, and then what is to be done with its result.
local function execute(c, command, argument, done)
  -- Without a buffer, so that the server gets the latest changes of all buffers
  -- first (with 0 it would not get those of the current one).
  client.call(c, "request", "workspace/executeCommand", { command = command, arguments = { argument } }, function(problem, result)
    if problem then return say(problem.message, vim.log.levels.ERROR) end
    done(result)
  end)
end

local commands = {}

commands.restart = client.restart

function commands.fixall(where)
  local c = here()
  if not c then return end
  if where ~= "workspace" then
    if apply({ "source.fixAll.handshake" }) == 0 then say("nothing to fix safely in this file") end
    return
  end
  execute(c, "handshake.fixAllWorkspace", nil, function(result)
    say(("%d fixes in %d files, %d findings are left"):format(result.fixes, result.files, result.left))
  end)
end

--- Shows text in a window of its own, which q closes.
local function show(name, filetype, text)
  local lines = vim.split(vim.trim(text), "\n")
  local buf = vim.fn.bufnr("^handshake://" .. name .. "$")
  if buf < 0 then
    buf = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buf, "handshake://" .. name)
  end
  vim.bo[buf].modifiable = true
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines)
  vim.bo[buf].modifiable = false
  vim.bo[buf].bufhidden = "wipe"
  local window = vim.fn.bufwinid(buf)
  if window > 0 then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd.sbuffer(buf)
  end
  vim.bo[buf].filetype = filetype
  pcall(vim.treesitter.start, buf, filetype) -- where its parser is installed
  vim.wo.conceallevel, vim.wo.wrap, vim.wo.linebreak = 2, true, true
  vim.keymap.set("n", "q", "<C-w>c", { buffer = buf, desc = "close" })
end

--- Returns the rules that found something in the line of the cursor; those at
--- the cursor come first.
local function rules_here()
  local line, column = unpack(vim.api.nvim_win_get_cursor(0))
  local found, near, seen = vim.diagnostic.get(0, { lnum = line - 1 }), {}, {}
  table.sort(found, function(a, b) return a.col < b.col end)
  for _, at_cursor in ipairs({ true, false }) do
    for _, d in ipairs(found) do
      local covers = d.col <= column and (d.end_lnum >= line or column < d.end_col)
      if d.source == client.name and covers == at_cursor and not seen[d.code] then
        seen[d.code] = true
        table.insert(near, d.code)
      end
    end
  end
  return near
end

function commands.explain(rule)
  local c = here()
  if not c then return end
  if not rule then
    local rules = rules_here()
    if #rules > 1 then
      return vim.ui.select(rules, { prompt = "Explain" }, function(choice)
        if choice then commands.explain(choice) end
      end)
    end
    rule = rules[1]
    if not rule then return say("no finding in this line; name a rule to read about it") end
  end
  execute(c, "handshake.explain", { rule = rule }, function(text) show("explain/" .. rule, "markdown", text) end)
end

function commands.diagram(how)
  local c = here()
  if not c then return end
  local at = vim.lsp.util.make_position_params(0, c.offset_encoding)
  execute(c, "handshake.diagram", { uri = at.textDocument.uri, position = at.position }, function(diagram)
    if not diagram then return say("no goroutines meet here") end
    if how ~= "open" then return show("diagram", "mermaid", diagram.mermaid) end
    local name = vim.fn.tempname() .. ".svg" -- Neovim removes it when it ends
    vim.fn.writefile(vim.split(diagram.svg, "\n"), name)
    local _, err = vim.ui.open(name)
    if err then say(err, vim.log.levels.ERROR) end
  end)
end

--- Returns the snippets that come with this plugin, by prefix.
local function snippets()
  local out = {}
  for _, name in ipairs(vim.api.nvim_get_runtime_file("snippets/go.json", true)) do
    for _, snippet in pairs(vim.json.decode(table.concat(vim.fn.readfile(name), "\n"))) do
      if vim.startswith(snippet.prefix, "hs") then out[snippet.prefix] = table.concat(snippet.body, "\n") end
    end
  end
  return out
end

function commands.snippet(prefix)
  local body = snippets()[prefix]
  if not body then return say("no snippet " .. (prefix or "was named"), vim.log.levels.ERROR) end
  vim.snippet.expand(body)
end

--- Runs ":Handshake NAME ARGUMENT".
---@param words string[]
function M.run(words)
  local command = commands[words[1]]
  if not command then return say("no command " .. words[1], vim.log.levels.ERROR) end
  command(words[2])
end

--- What the second word can be, by the first.
local arguments = {
  fixall = function() return { "workspace" } end,
  diagram = function() return { "open" } end,
  snippet = function() return vim.tbl_keys(snippets()) end,
  explain = function()
    local c = client.of(0)
    local program = c and c.config.cmd[1] or "handshake"
    if vim.fn.executable(program) == 0 then return {} end
    local listed = vim.system({ program, "rules", "-json" }, { text = true }):wait(10000)
    return vim.tbl_map(function(rule) return rule.name end, listed.code == 0 and vim.json.decode(listed.stdout) or {})
  end,
}

--- Completes a command line.
---@param lead string what has been typed of the word
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(vim.trim(line), "%s+")
  local count = #words - (lead ~= "" and 1 or 0) -- complete words
  local candidates = {}
  if count == 1 then candidates = vim.tbl_keys(commands) end
  if count == 2 and arguments[words[2]] then candidates = arguments[words[2]]() end
  table.sort(candidates)
  return vim.tbl_filter(function(word) return vim.startswith(word, lead) end, candidates)
end

return M
