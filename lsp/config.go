package lsp

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.lsp.dev/protocol"

	"handshake/refactor"
)

// Settings are what a user can choose. Each source replaces the values that it
// names in those before it: the defaults, the client's initializationOptions,
// its configuration section "handshake", and .handshake.json at the module root.
type Settings struct {
	// Rules turns rules on (also preview rules) or off, by name.
	Rules map[string]bool `json:"rules"`

	// Severities gives rules another severity than their own, by name: "warning",
	// "info" or "hint". Hints are shown in editors only.
	Severities map[string]refactor.Severity `json:"severities"`

	// Exclude are files and directories that are left alone: they have no findings,
	// and no fix changes them. They are patterns of paths from the module root with
	// slashes, in which * and ? stand for letters of a name and ** for any
	// directories.
	Exclude []string `json:"exclude"`

	// Diagnostics says whether findings are shown as diagnostics. Code actions
	// are offered all the same.
	Diagnostics bool `json:"diagnostics"`

	// Scan says whether the packages of the workspace are looked at that have no
	// open file. What is found there is shown too, but for hints and findings
	// whose fix is withheld.
	Scan bool `json:"scan"`

	// Snippets says whether snippets are offered as completions. Turn it off
	// where the editor loads the snippets itself.
	Snippets bool `json:"snippets"`

	// Hover says whether a channel's role card is shown as a hover: "on", "off",
	// or "auto", which means only in editors that show it beside that of gopls
	// (VS Code and its kin, Neovim 0.11, Helix 25.07). In editors that cannot be
	// told later what to ask for, "on" must be among the initializationOptions.
	Hover HoverMode `json:"hover" jsonschema:"enum=auto,enum=on,enum=off"`

	// DocsURL is where the documentation of rules is published: a diagnostic
	// links to DocsURL/RULE. Without it diagnostics have no link.
	DocsURL string `json:"docsURL"`

	// BuildFlags are given to the go command, such as "-tags=integration". In
	// .handshake.json there can be no others than -tags.
	BuildFlags []string `json:"buildFlags"`

	// Env is added to the environment of the go command. In .handshake.json there
	// can be no others than GOOS, GOARCH and CGO_ENABLED.
	Env map[string]string `json:"env"`
}

// DefaultSettings returns the settings of a user who has chosen nothing.
func DefaultSettings() Settings {
	return Settings{Diagnostics: true, Scan: true, Snippets: true, Hover: HoverAuto}
}

// HoverMode is a value of the setting hover.
type HoverMode string

const (
	HoverAuto HoverMode = "auto"
	HoverOn   HoverMode = "on"
	HoverOff  HoverMode = "off"
)

// UnmarshalText accepts the modes that there are.
func (h *HoverMode) UnmarshalText(text []byte) error {
	switch mode := HoverMode(text); mode {
	case HoverAuto, HoverOn, HoverOff:
		*h = mode
		return nil
	}
	return fmt.Errorf("%q is none of auto, on and off", text)
}

// wanted reports whether the client is to ask for hovers.
func (h HoverMode) wanted(c *client) bool {
	return h == HoverOn || h == HoverAuto && c.info.merges()
}

const noObject = "the settings are not a JSON object: "

// merge returns the settings with those of a JSON object over them, and what is
// wrong with that. Rules and environment variables are added one by one.
func (set Settings) merge(raw []byte, ruleNames []string) (Settings, []string) {
	if len(raw) == 0 || string(raw) == "null" || isEmptyList(raw) {
		return set, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return set, []string{noObject + err.Error()}
	}
	set.Rules, set.Severities, set.Env = maps.Clone(set.Rules), maps.Clone(set.Severities), maps.Clone(set.Env)
	fields := make(map[string]reflect.Value)
	v := reflect.ValueOf(&set).Elem()
	for i := range v.NumField() {
		fields[v.Type().Field(i).Tag.Get("json")] = v.Field(i).Addr()
	}
	var problems []string
	delete(object, "$schema") // tells editors what else there can be
	for _, key := range slices.Sorted(maps.Keys(object)) {
		field, ok := fields[key]
		if !ok {
			problems = append(problems, unknown("setting", key, slices.Collect(maps.Keys(fields))))
			continue
		}
		value := reflect.New(field.Type().Elem())
		if value.Elem().Kind() == reflect.Map {
			if isEmptyList(object[key]) {
				continue
			}
			value.Elem().Set(field.Elem()) // which the object adds to
		}
		if err := json.Unmarshal(object[key], value.Interface()); err != nil {
			problems = append(problems, fmt.Sprintf("setting %q has a wrong value: %v", key, err))
			continue
		}
		field.Elem().Set(value.Elem())
	}
	for _, key := range []string{"rules", "severities"} {
		var named map[string]json.RawMessage
		json.Unmarshal(object[key], &named) // what is no object has been told
		for _, name := range slices.Sorted(maps.Keys(named)) {
			if !slices.Contains(ruleNames, name) {
				problems = append(problems, unknown("rule", name, ruleNames))
			}
		}
	}
	set.Exclude = slices.DeleteFunc(slices.Clone(set.Exclude), func(pattern string) bool {
		bad := !doublestar.ValidatePattern(pattern)
		if bad {
			problems = append(problems, fmt.Sprintf("%q is no pattern", pattern))
		}
		return bad
	})
	return set, problems
}

// Choose returns those of the rules that are on, with the severities that they
// are given. A rule that is neither turned on nor off is on if byDefault says so.
func (set Settings) Choose(rules []*refactor.Rule, byDefault func(*refactor.Rule) bool) []*refactor.Rule {
	var out []*refactor.Rule
	for _, r := range rules {
		if s, ok := set.Severities[r.Name]; ok && s != r.Severity {
			changed := *r
			changed.Severity = s
			r = &changed
		}
		if on, named := set.Rules[r.Name]; on || !named && byDefault(r) {
			out = append(out, r)
		}
	}
	return out
}

// Excludes returns why a file of the module in root is left alone, or "".
func (set Settings) Excludes(root, file string) string {
	rel, err := filepath.Rel(root, file)
	if err != nil || len(set.Exclude) == 0 || !filepath.IsLocal(rel) {
		return ""
	}
	for p := filepath.ToSlash(rel); p != "."; p = path.Dir(p) {
		for _, pattern := range set.Exclude {
			if doublestar.MatchUnvalidated(strings.Trim(pattern, "/"), p) {
				return "it is excluded in the settings"
			}
		}
	}
	return ""
}

// isEmptyList reports whether the JSON is []. Lua has one empty table, which
// Neovim sends as that where an empty object is meant.
func isEmptyList(raw json.RawMessage) bool {
	var list []json.RawMessage
	return json.Unmarshal(raw, &list) == nil && len(list) == 0
}

// unknown says that there is no such name, and which one may be meant.
func unknown(what, name string, known []string) string {
	slices.Sort(known)
	best, least := "", 1+len(name)/2
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return fmt.Sprintf("unknown %s %q", what, name)
	}
	return fmt.Sprintf("unknown %s %q (did you mean %q?)", what, name, best)
}

// distance returns how many letters must be inserted, deleted or replaced to
// make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func ruleNames(rules []*refactor.Rule) []string {
	var names []string
	for _, r := range rules {
		names = append(names, r.Name)
	}
	return names
}

// read merges a source of settings and tells the user what is wrong with it.
func (s *session) read(from Settings, raw []byte, source string) Settings {
	set, problems := from.merge(raw, ruleNames(s.opts.Rules))
	s.warn(source, problems)
	return set
}

// warn tells the user what is wrong with a source of settings.
func (s *session) warn(source string, problems []string) {
	for _, p := range problems {
		s.tell(protocol.MessageTypeWarning, source+": "+p)
	}
}

// configured makes raw, the client's section "handshake", the configuration.
func (s *session) configured(raw []byte) {
	s.mu.Lock()
	from := s.fromInit
	s.mu.Unlock()
	set := s.read(from, raw, "Settings")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = set
	for _, v := range s.views {
		v.reload(true)
	}
	s.scan.wake(scanAnew)
	s.task("providers", s.registerProviders)
}
