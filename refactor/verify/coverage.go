package verify

import (
	"bytes"
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/cover"

	"handshake/refactor"
	"handshake/refactor/apply"
)

// uncovered returns those of the fixes outside tests, of the ones that tests have
// to prove, with a place that no test of the package comes to, of those that pass
// each time without any fix.
func (v *verifier) uncovered(ctx context.Context, fixes []apply.Made) (map[key]bool, error) {
	out := make(map[key]bool)
	profiles := make(map[*target][]*cover.Profile)
	for _, m := range fixes {
		if len(m.Covers) == 0 {
			continue
		}
		t := v.targetOf(m.File)
		p, known := profiles[t]
		if !known {
			var err error
			if p, err = v.coverage(ctx, t); err != nil {
				return nil, err
			}
			profiles[t] = p
		}
		covered, err := v.covers(t, p, m.Covers)
		if err != nil {
			return nil, err
		}
		if !covered {
			out[keyOf(m)] = true
		}
	}
	return out, nil
}

// coverage runs the tests of a package that always pass, and returns which
// statements of it they come to; nothing if there are none.
func (v *verifier) coverage(ctx context.Context, t *target) ([]*cover.Profile, error) {
	var tests []string
	for id, r := range v.before.tests {
		if id.pkg == t.Path && !strings.Contains(id.test, "/") && r.stable() && r.passed >= v.Count {
			tests = append(tests, id.test)
		}
	}
	if len(tests) == 0 {
		return nil, nil
	}
	slices.Sort(tests)
	k := v.journal.key(t, append(tests, "coverage")...)
	data, known := v.journal.cache.Get(k)
	if !known {
		v.say("running the tests of %s once more, to see whether they come to what fixes change", t.Path)
		name := filepath.Join(v.go_.scratch, "cover.out")
		defer os.Remove(name)
		_, _, err := v.go_.run(ctx, t.module.dir, discard, "test", "-vet=off", "-count=1", "-covermode=set", "-coverprofile="+name, "-run="+exactly(tests), t.Path)
		if err != nil {
			return nil, err
		}
		if data, err = os.ReadFile(name); err != nil {
			data = nil // the tests did not come to their end
		}
		v.journal.cache.Put(k, data)
	}
	profiles, err := cover.ParseProfilesFromReader(bytes.NewReader(data))
	if err != nil {
		return nil, nil //nolint:nilerr // no profile covers nothing
	}
	return profiles, nil
}

// covers reports whether each of the places that lies in statements lies in some
// that were executed, and whether there are such places.
func (v *verifier) covers(t *target, profiles []*cover.Profile, places []refactor.Span) (bool, error) {
	some := false
	for _, place := range places {
		src, err := v.Graph.Source(place.File)
		if err != nil {
			return false, err
		}
		name := path.Join(t.Path, filepath.Base(place.File))
		i := slices.IndexFunc(profiles, func(p *cover.Profile) bool { return p.FileName == name })
		if i < 0 {
			return false, nil
		}
		for _, offset := range []int{place.Start, place.End} {
			in, executed := blocksAt(profiles[i].Blocks, src, offset)
			if in && !executed {
				return false, nil
			}
			some = some || executed
		}
	}
	return some, nil
}

// blocksAt reports whether an offset is in one of the blocks, their ends included,
// and whether one of these was executed.
func blocksAt(blocks []cover.ProfileBlock, src []byte, offset int) (in, executed bool) {
	before := src[:min(offset, len(src))]
	line, column := 1+bytes.Count(before, []byte("\n")), len(before)-bytes.LastIndexByte(before, '\n')
	for _, b := range blocks {
		if (line > b.StartLine || line == b.StartLine && column >= b.StartCol) && (line < b.EndLine || line == b.EndLine && column <= b.EndCol) {
			in, executed = true, executed || b.Count > 0
		}
	}
	return in, executed
}
