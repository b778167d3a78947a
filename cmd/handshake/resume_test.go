package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"handshake/cmd/handshake/fixreport"
	"handshake/refactor/apply"
	"handshake/refactor/load"
	"handshake/refactor/verify"
)

// The tests of the module note in a file each time that they are run.
const resumed = `
-- go.mod --
module m

go 1.26
-- p/p_test.go --
package p

import (
	"os"
	"sync/atomic"
	"testing"
	"time"
)

func ran(what string) {
	f, err := os.OpenFile(os.Getenv("HANDSHAKE_TEST_RAN"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	f.WriteString(what + "\n")
}

func TestGood(t *testing.T) {
	ran("good")
	var sum int
	go func() {
		sum++
	}()
	time.Sleep(20 * time.Millisecond)
	if sum != 1 {
		t.Error(sum)
	}
}

func TestBad(t *testing.T) {
	ran("bad")
	var sum int
	late.begin()
	go func() {
		sum++
	}()
	time.Sleep(100 * time.Millisecond)
	if sum != 1 || !late.off.Load() {
		t.Error("over too soon")
	}
}

var late alarm

// An alarm goes off in its own time, which no rule can see.
type alarm struct{ off atomic.Bool }

func (a *alarm) begin() { time.AfterFunc(50*time.Millisecond, func() { a.off.Store(true) }) }
`

// TestResume interrupts a proof before each step, each time a little later, and
// goes on: nothing is run twice that had come to its end, and the result is that
// of a run that nobody interrupts.
func TestResume(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(resumed)).Files {
		name := filepath.Join(dir, f.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, f.Data, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(t.TempDir(), "ran")
	t.Setenv("HANDSHAKE_TEST_RAN", log)
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	of, err := newProjects("sleepdone")
	if err != nil {
		t.Fatal(err)
	}
	cache := load.OpenCache(t.TempDir(), load.CacheLimit)
	// prove returns the result, and what the tests noted; it interrupts itself before
	// step number stop.
	prove := func(resume bool, stop int) (*fixreport.Document, []string, []string, error) {
		if err := os.WriteFile(log, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		g, err := load.Load(t.Context(), load.Config{Dir: dir, Tests: true, Cache: cache}, "./...")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var steps []string
		report, err := verify.Run(ctx, verify.Config{
			Graph: g, Apply: apply.Options{RulesOf: of.rules}, Level: verify.Test, Count: 1, Resume: resume,
			Progress: func(s string) {
				if steps = append(steps, s); len(steps) == stop {
					cancel()
				}
			},
		})
		ran, e := os.ReadFile(log)
		if e != nil {
			t.Fatal(e)
		}
		if err != nil {
			return nil, strings.Fields(string(ran)), steps, err
		}
		doc := newFixDoc(target{dir: dir, graph: g}, report.Result, report, verifyFlags{level: "test"}, nil)
		report.Done()
		doc.Verify.Tests.Before.Seconds, doc.Verify.Tests.After.Seconds = 0, 0
		for i := range doc.Fixes {
			doc.Fixes[i].Output = "" // it has times in it
		}
		return doc.Document, strings.Fields(string(ran)), steps, nil
	}
	want, all, steps, err := prove(false, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Fixes) != 2 {
		t.Errorf("of the fixes became %v", want.Fixes)
	}
	// A fresh run that is stopped early, then one that goes on, but not to its end.
	var ran []string
	for i, stop := range []int{2, len(steps) - 1, 0} {
		doc, noted, said, err := prove(i > 0, stop)
		ran = append(ran, noted...)
		if stop > 0 {
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("interrupted before step %d, but: %v", stop, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if said[0] != "going on with the run that was interrupted" {
			t.Errorf("it said %q", said[0])
		}
		if diff := cmp.Diff(want, doc); diff != "" {
			t.Errorf("(-uninterrupted +interrupted):\n%s", diff)
		}
	}
	if diff := cmp.Diff(all, ran); diff != "" {
		t.Errorf("tests that were run (-uninterrupted +interrupted):\n%s", diff)
	}
	if _, _, said, err := prove(true, 1); err == nil || said[0] != "no such run was interrupted: beginning anew" {
		t.Errorf("after the end it said %q, %v", said, err)
	}
}
