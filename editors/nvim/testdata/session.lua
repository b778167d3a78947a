-- Plays one session in a headless Neovim, in a folder with main.go and
-- main.go.golden: the finding, the menu, the fix.
local lib = dofile(vim.env.NVIM_HANDSHAKE .. "/testdata/lib.lua")
local TITLE = "Replace time.Sleep with started channel"

lib.open()
lib.say("%s", lib.text())

-- The person puts the cursor on the sleep, opens the menu (vim.ui.select is
-- the menu) and chooses our fix.
local menu, from = nil, {}
vim.ui.select = function(items, opts, choose)
  menu = {}
  for i, item in ipairs(items) do
    local client = vim.lsp.get_client_by_id(item.ctx.client_id).name
    from[client] = true
    menu[item.action.title] = i
    lib.say("menu %d: %s (%s, %s)", i, opts.format_item(item), client, item.action.kind)
  end
  if menu[TITLE] then choose(items[menu[TITLE]], menu[TITLE]) else choose(nil) end
end
lib.to_finding()
local before = vim.b.changedtick
vim.lsp.buf.code_action()
lib.wait("the menu is open", function() return menu ~= nil end)
if not (from.gopls and from.handshake) then lib.fail("want the actions of both servers in the menu") end
if not menu[TITLE] then lib.fail("want our fix in the menu") end

lib.wait("the fix is applied", function() return vim.b.changedtick ~= before end)
lib.say("%s", lib.text())
local golden = lib.read("main.go.golden")
lib.equal("the buffer is like the golden file", lib.text(), golden)
lib.wait("handshake has nothing more to say", function() return #lib.ours() == 0 end)

-- One undo takes the whole fix back. Then the person applies all safe fixes of
-- the file, as lsp/handshake.lua tells.
vim.cmd("silent undo")
lib.equal("one undo takes the fix back", lib.text(), lib.read("main.go"))
lib.wait("undo brings the diagnostic back", function() return #lib.ours() == 1 end)
vim.lsp.buf.code_action({
  apply = true,
  context = { only = { "source.fixAll.handshake" }, diagnostics = {} },
})
lib.wait("fix-all does the same as the fix", function() return lib.text() == golden end)
lib.wait("handshake has nothing more to say", function() return #lib.ours() == 0 end)
lib.quit()
