package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"handshake/refactor/rules"
)

// TestGoker holds the rules to the leak kernels of the Go distribution, with
// the runtime's own leak profile as oracle.
func TestGoker(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	y, err := newYardstick(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	type cure struct{ rule, wait string } // who must fix it, and what nobody must wait for afterwards
	send, receive := "chan send", "chan receive"
	cured := map[string]cure{
		"Grpc660":         {"replybuf", send},
		"Kubernetes5316":  {"replybuf", send},
		"Kubernetes6632":  {"replybuf", send},
		"Moby33781":       {"replybuf", send},
		"Kubernetes25331": {"replybuf", send},
		"EarlyReturn":     {"replybuf", send},
		"NCastLeak":       {"replybuf", send}, // and its receiver if there are no senders
		"Timeout":         {"replybuf", send},
		"Grpc1424":        {"lateclose", receive},
		"Moby4395":        {"replybuf", send},
		"Moby33293":       {"replybuf", send},
		"Etcd6857":        {"bareop", send},
		"Cockroach18101":  {"bareop", send},
		"Cockroach1462":   {"bareop", send},
		"EarlyCancel":     {"bareop", send},
		"DoneChannel":     {"bareop", send},
		"Moby28462":       {"sendsignal", send},
		"LeftMonitor":     {"sendsignal", send},
	}
	rare := map[string]bool{"Moby28462": true} // leaks in two runs of ten
	// A wait for the goroutine would run on the goroutine itself, or under the
	// lock that it takes.
	deadly := []string{"syncthing5795.go", "etcd6873.go"}
	receives := make(map[string]int)
	for _, name := range deadly {
		receives[name] = countReceives(t, filepath.Join(y.dir, "goker", name))
	}
	if err := y.measure(t.Context(), rules.All(), 4, func(k *kernel) bool { return cured[k.Name].rule != "" }); err != nil {
		t.Fatal(err)
	}
	for _, k := range y.kernels {
		want, ok := cured[k.Name]
		if !ok {
			continue
		}
		delete(cured, k.Name)
		if !slices.Contains(k.Fixed, want.rule) {
			t.Errorf("%s is not fixed by %s", k.Name, want.rule)
		}
		if got := k.Before; got.err != nil || !slices.Contains(got.waits, want.wait) && !rare[k.Name] {
			t.Errorf("%s before the fix: leaking runs %v", k.Name, got)
		}
		if got := k.After; got.err != nil || slices.Contains(got.waits, want.wait) {
			t.Errorf("%s after the fix: leaking runs %v", k.Name, got)
		}
	}
	for name := range cured {
		t.Errorf("there is no kernel %s", name)
	}
	for _, name := range deadly {
		if n := countReceives(t, filepath.Join(y.dir, "goker", name)); n != receives[name] {
			t.Errorf("%s had %d receives and now has %d", name, receives[name], n)
		}
	}
}

func countReceives(t *testing.T, file string) int {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(src, []byte("<-"))
}
