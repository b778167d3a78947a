package snippets

import (
	"slices"
	"strings"
	"testing"
)

func TestFresh(t *testing.T) {
	for _, test := range []struct {
		prefix, taken string
		want          []string // lines of the body that are returned
	}{
		{"hsdone", "", []string{"${1:done} := make(chan struct{})"}},
		{"hsdone", "done", []string{"${1:done2} := make(chan struct{})", "\tdefer close($1)", "<-$1"}},
		{"hsdone", "done done2", []string{"${1:done3} := make(chan struct{})"}},
		// The parent context is used, the new one declared.
		{"hsctxstop", "ctx ticker", []string{"${1:ctx2}, ${2:cancel} := context.WithCancel(${3:ctx})",
			"\t${5:ticker} := time.NewTicker(${6:time.Second})"}},
		{"hsgate", "n ready", []string{"const ${1:n2} = ${2:10}", "var ${3:ready2}, ${4:done} sync.WaitGroup"}},
		// Either of two names can be taken.
		{"hsworker", "NewWorker w run", []string{"// A ${1:Worker2} runs one goroutine from Start until Stop.",
			"\t${2:w} := new($1)"}},
		{"hstest", "TestName stop", []string{"func Test${1:Name2}(t *testing.T) {", "\t${2:stop} := make(chan struct{})"}},
		{"hsask", "ask key request", []string{
			"func $1(ctx context.Context, ${2:requests} chan<- ${3:request}, ${4:key} ${5:string}) (${6:int}, error) {"}},
		{"hswithin", "done t", []string{"case <-${1:done}:"}},
	} {
		taken := strings.Fields(test.taken)
		i := slices.IndexFunc(All(), func(s Snippet) bool { return s.Prefix == test.prefix })
		body := All()[i].Fresh(func(name string) bool { return slices.Contains(taken, name) })
		for _, want := range test.want {
			if !slices.Contains(body, want) {
				t.Errorf("%s with %q taken: no line %q in\n%s", test.prefix, test.taken, want, strings.Join(body, "\n"))
			}
		}
	}
}

// Whatever is taken, no declared name is, and the tab stops stay as they are.
func TestFreshAll(t *testing.T) {
	for _, s := range All() {
		parts := split(s.Body)
		_, used := s.idents(parts)
		fresh := s
		fresh.Body = s.Fresh(func(name string) bool { return used[name] })
		after := split(fresh.Body)
		declared, _ := fresh.idents(after)
		for _, id := range declared {
			if used[id.name] && id.name != "err" && id.name != "ok" { // beside a new name := may assign these
				t.Errorf("%s declares %s, which is taken", s.Prefix, id.name)
			}
		}
		same := slices.EqualFunc(parts, after, func(a, b part) bool {
			return a.stop == b.stop && a.def == b.def && (a.stop > 0 || a.text == b.text)
		})
		if !same {
			t.Errorf("%s became\n%s", s.Prefix, strings.Join(fresh.Body, "\n"))
		}
	}
}
