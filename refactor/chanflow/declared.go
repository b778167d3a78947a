package chanflow

import "go/types"

// Declared returns the frame of a function or method that the package declares,
// or nil if it is none or has no body.
func (m *Model) Declared(f *types.Func) *Func { return m.byObj[f.Origin()] }

// MethodsNamed returns the methods of the package with the name: what a call of a
// method of an interface may run, also of a type that has it from one that it
// embeds.
func (m *Model) MethodsNamed(name string) []*Func { return m.methods()[name] }
