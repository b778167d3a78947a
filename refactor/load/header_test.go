package load

import "testing"

func TestHeader(t *testing.T) {
	const src = "//go:build linux\n\npackage p\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n"
	base, ok := Header([]byte(src))
	if !ok {
		t.Fatal("the header does not parse")
	}
	for _, test := range []struct {
		name, src string
		same, ok  bool
	}{
		{"body", "//go:build linux\n\npackage p\n\nimport \"time\"\n\nfunc f() { time.Sleep(2 }", true, true},
		{"comment", "//go:build linux\n\n// Package p\npackage p\n\nimport \"time\"\n", true, true},
		{"import", "//go:build linux\n\npackage p\n\nimport \"sync\"\n", false, true},
		{"clause", "//go:build linux\n\npackage q\n\nimport \"time\"\n", false, true},
		{"constraint", "//go:build darwin\n\npackage p\n\nimport \"time\"\n", false, true},
		{"embed", src + "\n//go:embed x.txt\nvar x string\n", false, true},
		{"broken", "//go:build linux\n\npackage p\n\nimport \"ti\n", false, false},
	} {
		got, ok := Header([]byte(test.src))
		if ok != test.ok || (got == base) != test.same {
			t.Errorf("%s: ok %v, same %v; want %v, %v", test.name, ok, got == base, test.ok, test.same)
		}
	}
}
