" Description: handshake, guessed synchronisation in Go, beside gopls

call ale#Set('go_handshake_executable', 'handshake')

call ale#linter#Define('go', {
\   'name': 'handshake',
\   'lsp': 'stdio',
\   'executable': {b -> ale#Var(b, 'go_handshake_executable')},
\   'command': '%e serve',
\   'project_root': {b -> fnamemodify(ale#path#FindNearestFile(b, 'go.mod'), ':h')},
\})
