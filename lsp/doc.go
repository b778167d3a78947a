// Package lsp is the language server: the only package that knows the Language
// Server Protocol. It runs beside gopls and offers nothing that gopls offers.
//
// Messages go through an ordered chain (chain.go): notifications are handled
// one after the other in the order in which they arrive, calls run concurrently
// on the snapshot that was current when they arrived. A session holds the
// snapshot (snapshot.go), the views with their package metadata (view.go) and a
// worker for each package with open files (worker.go), which analyses the
// package some time after the last edit, publishes diagnostics and then proves
// the fixes, so that a code action is a look-up.
//
// Every method of the protocol has a file named after it.
package lsp
