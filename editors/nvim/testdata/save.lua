-- Plays a person who has the safe fixes of both servers and tidy imports made
-- when a file is written, as the help file tells.
local lib = dofile(vim.env.NVIM_HANDSHAKE .. "/testdata/lib.lua")
lib.documented("BufWritePre")
lib.open()
local function simplifications()
  return #vim.tbl_filter(function(d) return vim.startswith(d.source, "simplify") end, vim.diagnostic.get(0)) == 3
end
lib.wait("gopls has simplifications", simplifications)
local before, golden = lib.text(), lib.read("main.go.golden")
vim.cmd.write()
lib.equal("the file is like the golden one", lib.read("main.go"), golden)
lib.equal("so is the buffer", lib.text(), golden)
vim.cmd.write()
lib.equal("to write once more changes nothing", lib.read("main.go"), golden)

-- What gopls found before an edit does it no harm.
vim.cmd("silent undo 0")
lib.equal("undo brings all back", lib.text(), before)
lib.wait("gopls has simplifications", simplifications)
vim.api.nvim_buf_set_lines(0, 2, 2, true, { "// It sells drinks.", "" })
vim.cmd.write()
lib.has("only handshake's fix is made", lib.read("main.go"), "\t<-started")
lib.equal("and no old fix of gopls", lib.read("main.go"):match("drinks := (.-)\n"), '[]drink{drink{"tea"}, drink{"coffee"}}')

-- A sleep is fixed although an import was missing, too.
local needy = before:gsub("d.name, ", "strings.ToUpper(d.name), ")
vim.api.nvim_buf_set_lines(0, 0, -1, true, vim.split(vim.trim(needy), "\n"))
vim.cmd.write()
for _, want in ipairs({ '\t"strings"\n', "\tclose(started)\n", "\t<-started" }) do
  lib.has("after the import was missing", lib.read("main.go"), want)
end
lib.quit()
