package chanflow

import "go/types"

// Report is how a frame tells of an error.
type Report int

const (
	Nothing  Report = iota // it has no way
	ByReturn               // its last result is its only error
	ByTest                 // t.Fatal
	ByExit                 // log.Fatal, in main
)

// Reports returns how the frame tells of an error.
func (f *Func) Reports() Report {
	if f.Use == Spawned {
		return Nothing // nobody takes its result, and t.Fatal must not be called there
	}
	if r := f.Type.Results; r != nil && len(r.List) > 0 {
		errs := 0
		for _, field := range r.List {
			if IsError(f.model.Pkg.Info.TypeOf(field.Type)) {
				errs += max(1, len(field.Names))
			}
		}
		if errs == 1 && IsError(f.model.Pkg.Info.TypeOf(r.List[len(r.List)-1].Type)) {
			return ByReturn // one of several errors would say less, or something else
		}
		if f.TestHandle() == nil {
			return Nothing
		}
	}
	switch {
	case f.TestHandle() != nil:
		return ByTest
	case f.IsMain():
		return ByExit
	}
	return Nothing
}

// TestHandle returns the *testing.T or its kin that the frame may call FailNow
// on: a parameter of its own, or of a frame around it that runs it in the same
// goroutine. It is nil if there is none.
func (f *Func) TestHandle() types.Object {
	for ; f != nil; f = f.Outer {
		for _, p := range f.Params() {
			if p != nil && isTesting(p.Type()) {
				return p
			}
		}
		if f.Use == Spawned {
			return nil
		}
	}
	return nil
}
