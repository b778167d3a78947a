package lsp

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handshake/refactor"
)

func TestMerge(t *testing.T) {
	rules := []string{"sleepstart", "sleepdone"}
	base := Settings{Rules: map[string]bool{"sleepdone": false}, Snippets: true, BuildFlags: []string{"-tags=a"}}
	for _, test := range []struct {
		name, raw string
		want      Settings
		problems  []string
	}{
		{"nothing", ``, base, nil},
		{"null", `null`, base, nil},
		{"some", `{"snippets":false,"rules":{"sleepstart":true}}`,
			Settings{Rules: map[string]bool{"sleepdone": false, "sleepstart": true}, BuildFlags: []string{"-tags=a"}}, nil},
		{"list", `{"buildFlags":["-tags=b"]}`,
			Settings{Rules: map[string]bool{"sleepdone": false}, Snippets: true, BuildFlags: []string{"-tags=b"}}, nil},
		{"unknown key", `{"snipets":false}`, base, []string{`unknown setting "snipets" (did you mean "snippets"?)`}},
		{"far from any key", `{"colour":"red"}`, base, []string{`unknown setting "colour"`}},
		{"unknown rule", `{"rules":{"sleepStart":true}}`,
			Settings{Rules: map[string]bool{"sleepdone": false, "sleepStart": true}, Snippets: true, BuildFlags: []string{"-tags=a"}},
			[]string{`unknown rule "sleepStart" (did you mean "sleepstart"?)`}},
		{"wrong type", `{"snippets":"no","diagnostics":true}`,
			Settings{Rules: map[string]bool{"sleepdone": false}, Diagnostics: true, Snippets: true, BuildFlags: []string{"-tags=a"}},
			[]string{`setting "snippets" has a wrong value: json: cannot unmarshal string into Go value of type bool`}},
		{"severities", `{"severities":{"sleepdone":"hint","sleepdome":"info"}}`,
			Settings{Rules: base.Rules, Snippets: true, BuildFlags: base.BuildFlags, Severities: map[string]refactor.Severity{"sleepdone": refactor.Hint, "sleepdome": refactor.Info}},
			[]string{`unknown rule "sleepdome" (did you mean "sleepdone"?)`}},
		{"no severity", `{"severities":{"sleepdone":"fatal"}}`, base, []string{`setting "severities" has a wrong value: "fatal" is none of warning, info and hint`}},
		{"excluded", `{"exclude":["a/**","b["]}`,
			Settings{Rules: base.Rules, Snippets: true, BuildFlags: base.BuildFlags, Exclude: []string{"a/**"}}, []string{`"b[" is no pattern`}},
		{"schema", `{"$schema":"x"}`, base, nil},
		{"empty tables of Lua", `{"rules":[],"env":[],"snippets":true}`, base, nil},
		{"an empty table of Lua", `[]`, base, nil},
		{"no object", `[1]`, base, []string{`the settings are not a JSON object: json: cannot unmarshal array into Go value of type map[string]json.RawMessage`}},
	} {
		got, problems := base.merge([]byte(test.raw), rules)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if diff := cmp.Diff(test.problems, problems); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if len(base.Rules) != 1 {
			t.Fatalf("%s: the settings that were merged into have changed", test.name)
		}
	}
}

func TestExcludes(t *testing.T) {
	set := Settings{Exclude: []string{"old", "gen/*.pb.go", "**/mock_?.go", "/x/**/y/"}}
	for name, want := range map[string]bool{
		"old/a.go": true, "old/b/a.go": true, "older/a.go": false, "b/old/a.go": false,
		"gen/a.pb.go": true, "gen/a.go": false, "gen/b/a.pb.go": false,
		"mock_a.go": true, "a/b/mock_a.go": true, "mock_ab.go": false,
		"x/y/a.go": true, "x/a/b/y/a.go": true, "x/a.go": false,
		"../old/a.go": false, "../a.go": false,
	} {
		if got := set.Excludes("/m", filepath.Join("/m", name)) != ""; got != want {
			t.Errorf("%s is excluded: %v", name, got)
		}
	}
	if (Settings{}).Excludes("/m", "/m/a.go") != "" {
		t.Error("a file is excluded without any pattern")
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "ab", 0}, {"snipets", "snippets", 1}, {"kitten", "sitting", 3}} {
		if got := distance(test.a, test.b); got != test.want || distance(test.b, test.a) != test.want {
			t.Errorf("distance of %q and %q is %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

// The schema and the documentation of the settings are generated from the tags.
func TestEverySettingHasAName(t *testing.T) {
	for i := range reflect.TypeFor[Settings]().NumField() {
		f := reflect.TypeFor[Settings]().Field(i)
		if name := f.Tag.Get("json"); name == "" || strings.Contains(name, ",") {
			t.Errorf("%s has the tag %q", f.Name, name)
		}
	}
}

func TestMergesHovers(t *testing.T) {
	for _, test := range []struct {
		info clientInfo
		want bool
	}{
		{clientInfo{"Visual Studio Code", "1.101.0"}, true},
		{clientInfo{"Visual Studio Code - Insiders", ""}, true},
		{clientInfo{"Neovim", "0.11.0-dev+g1234"}, true},
		{clientInfo{"Neovim", "0.12"}, true},
		{clientInfo{"Neovim", "0.10.4"}, false},
		{clientInfo{"Neovim", "unknown"}, false},
		{clientInfo{"helix", "25.07.1 (a1b2c3d4)"}, true},
		{clientInfo{"helix", "25.01"}, false},
		{clientInfo{"Eglot", "1.17"}, false},
		{clientInfo{}, false},
	} {
		if got := test.info.merges(); got != test.want {
			t.Errorf("%v merges hovers: %v", test.info, got)
		}
	}
}
