package lsp

import (
	"path/filepath"

	"go.lsp.dev/uri"
)

// A folder is one that the user has opened.
type folder struct {
	URI uri.URI `json:"uri"`
}

type didChangeWorkspaceFoldersParams struct {
	Event struct {
		Added   []folder `json:"added"`
		Removed []folder `json:"removed"`
	} `json:"event"`
}

// didChangeWorkspaceFolders handles workspace/didChangeWorkspaceFolders.
func (s *session) didChangeWorkspaceFolders(p *didChangeWorkspaceFoldersParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range p.Event.Removed {
		delete(s.folders, pathOf(f.URI))
	}
	s.addFolders(p.Event.Added)
	s.scan.wake(scanAnew)
	return nil
}

// addFolders adds those of the folders that are in the file system. The caller
// holds s.mu.
func (s *session) addFolders(folders []folder) {
	for _, f := range folders {
		if dir := pathOf(f.URI); dir != "" {
			s.folders[dir] = true
		}
	}
}

// pathOf returns the path of a file URI without a slash at its end, or "".
func pathOf(u uri.URI) string {
	if !u.IsFile() {
		return ""
	}
	return filepath.Clean(u.FsPath())
}
