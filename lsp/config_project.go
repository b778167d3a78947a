package lsp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"handshake/refactor"
)

// configFile is the name of the project's settings at the module root.
const configFile = ".handshake.json"

// ModuleSettings returns the settings of a module for those who have none of
// their own, with the name of the file in which they are, or would be, and what is
// wrong with single ones. The error is not nil if the file can not be read or holds
// no JSON object.
func ModuleSettings(root string, rules []*refactor.Rule) (set Settings, name string, problems []string, err error) {
	set, name = DefaultSettings(), filepath.Join(root, configFile)
	raw, err := readFile(name, longestConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return set, name, nil, nil
	}
	if err != nil {
		return set, name, nil, err
	}
	if err := json.Unmarshal(raw, new(map[string]json.RawMessage)); err != nil {
		return set, name, nil, fmt.Errorf("%s: %s%w", name, noObject, err)
	}
	read, problems := set.merge(raw, ruleNames(rules))
	read, more := read.bounded(set)
	return read, name, append(problems, more...), nil
}

// environ returns the environment of the go command, before [load.Environ]. It
// downloads nothing unless the user's settings say so: gopls does, or the user.
func (set Settings) environ() []string {
	env := append(os.Environ(), "GOPROXY=off")
	for _, k := range slices.Sorted(maps.Keys(set.Env)) {
		env = append(env, k+"="+set.Env[k])
	}
	return env
}

// projectEnv are the variables that a project may set. None of them makes the go
// command run a program or write a file.
var projectEnv = []string{"GOOS", "GOARCH", "CGO_ENABLED"}

// bounded returns the settings without what a project may not choose, whose
// settings they are over those of the user, and what was left out. Whoever opens
// a folder has not said that it may run programs.
func (set Settings) bounded(user Settings) (Settings, []string) {
	var reserved []string
	env := maps.Clone(user.Env)
	for _, k := range slices.Sorted(maps.Keys(set.Env)) {
		switch value, ok := user.Env[k]; {
		case ok && value == set.Env[k]:
		case slices.Contains(projectEnv, k):
			if env == nil {
				env = make(map[string]string)
			}
			env[k] = set.Env[k]
		default:
			reserved = append(reserved, k)
		}
	}
	set.Env = env
	if !slices.Equal(set.BuildFlags, user.BuildFlags) {
		set.BuildFlags = slices.DeleteFunc(slices.Clone(set.BuildFlags), func(flag string) bool {
			tags := strings.HasPrefix(flag, "-tags=") || strings.HasPrefix(flag, "--tags=")
			if !tags {
				reserved = append(reserved, flag)
			}
			return !tags
		})
	}
	if set.DocsURL != user.DocsURL && !strings.HasPrefix(set.DocsURL, "https://") {
		set.DocsURL = user.DocsURL
		reserved = append(reserved, "a docsURL that is not https")
	}
	if len(reserved) == 0 {
		return set, nil
	}
	return set, []string{"only the settings of the editor may have " + strings.Join(reserved, ", ")}
}

// longestConfig is how many bytes of a project's settings, and of a go.work, are
// read.
const longestConfig = 1 << 20

// settingsIn reads the settings of a module.
func (s *session) settingsIn(root string) Settings {
	name := filepath.Join(root, configFile)
	raw, err := readFile(name, longestConfig)
	s.mu.Lock()
	user := s.settings
	s.mu.Unlock()
	if err != nil {
		return user
	}
	set, problems := s.read(user, raw, name).bounded(user)
	s.warn(name, problems)
	return set
}

// configure reads the settings of the view anew and returns them.
func (v *view) configure() Settings {
	s := v.session
	set := s.settingsIn(v.dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	v.settings = set
	return set
}
