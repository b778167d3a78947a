package load_test

import (
	"slices"
	"testing"

	"handshake/refactor/load"
)

func TestEnviron(t *testing.T) {
	for _, test := range []struct{ env, added []string }{
		{[]string{}, []string{"GOTOOLCHAIN=local", "GOPACKAGESDRIVER=off"}},
		{[]string{"GOTOOLCHAIN=auto", "GOPACKAGESDRIVER=/opt/driver"}, nil},
		{[]string{"GOTOOLCHAIN=", "GOPACKAGESDRIVER=x", "GOPACKAGESDRIVER="}, []string{"GOTOOLCHAIN=local", "GOPACKAGESDRIVER=off"}},
	} {
		if got, want := load.Environ(test.env), slices.Concat(test.env, test.added); !slices.Equal(got, want) {
			t.Errorf("of %q: %q, want %q", test.env, got, want)
		}
	}
	t.Setenv("HANDSHAKE_TEST", "x")
	if got := load.Environ(nil); !slices.Contains(got, "HANDSHAKE_TEST=x") {
		t.Errorf("the environment of this process is missing: %q", got)
	}
}
