package lsp

import (
	"path/filepath"
	"strings"

	"go.lsp.dev/protocol"
)

// didChangeWatchedFiles handles workspace/didChangeWatchedFiles.
func (s *session) didChangeWatchedFiles(p *protocol.DidChangeWatchedFilesParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range p.Changes {
		if !c.URI.IsFile() {
			continue
		}
		name := c.URI.FsPath()
		switch base := filepath.Base(name); {
		case base == "go.mod" && c.Type != protocol.FileChangeTypeChanged:
			s.replace()
			s.scan.wake(scanReload)
		case base == "go.mod", base == "go.work", base == configFile:
			s.reloadBelow(filepath.Dir(name))
			s.scan.wake(scanReload)
		case s.current.docs[c.URI] != nil && c.Type == protocol.FileChangeTypeChanged:
			// The contents of an open file are the client's.
		case strings.HasSuffix(base, ".go"):
			s.scan.wake(scanReload)
			for _, v := range s.views {
				if within(v.dir, name) {
					v.reload(true)
				}
			}
		}
	}
	return nil
}

// reloadBelow reloads the views of a directory and below it. The caller holds
// s.mu.
func (s *session) reloadBelow(dir string) {
	for _, v := range s.views {
		if within(dir, v.dir) {
			v.reload(true)
		}
	}
}

// replace finds the views of all open files anew: a module has appeared or
// gone. The caller holds s.mu.
func (s *session) replace() {
	clear(s.placed)
	for _, d := range s.current.docs {
		s.opened(d)
	}
}

// within reports whether a path is dir or lies below it.
func within(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}
