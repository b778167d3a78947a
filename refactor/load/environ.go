package load

import (
	"os"
	"slices"
	"strings"
)

// Environ returns the environment with what keeps the go command from running
// other programs than itself, unless it says otherwise; nil means that of this
// process. A toolchain line in go.mod or go.work neither downloads nor runs
// another go command, and a program of the name gopackagesdriver that happens to
// be on the PATH is not asked in its place.
func Environ(env []string) []string {
	if env == nil {
		env = os.Environ()
	}
	env = slices.Clip(env)
	for _, def := range []string{"GOTOOLCHAIN=local", "GOPACKAGESDRIVER=off"} {
		name, _, _ := strings.Cut(def, "=")
		if lookup(env, name) == "" {
			env = append(env, def)
		}
	}
	return env
}

// lookup returns the value that counts, the last, or "".
func lookup(env []string, name string) (value string) {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}
