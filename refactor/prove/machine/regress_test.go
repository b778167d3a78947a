package machine

import "testing"

// Programs that one of the explorers once got wrong.
func TestRegressions(t *testing.T) {
	for _, c := range []struct {
		name string
		vars []Var
		main bool // its end is the program's
		code []Code
		want []Place // where a process can be stuck
	}{
		{"a program without variables", nil, false,
			[]Code{{Ops: []Op{{Kind: Spawn, N: 1}, {Kind: Hang}}}, {Ops: []Op{{}, {Kind: Return}}}},
			[]Place{{0, 1}}},
		{"another process in the place of the first", []Var{{Name: "c", Shared: true, Init: Chan}}, true,
			[]Code{
				{Ops: []Op{{Kind: Spawn, N: 1}, {Kind: Goexit}}},
				{Ops: []Op{{Kind: Goto, Next: []int{0, 1}}, {Kind: Spawn, N: 2}, {Kind: Recv}}},
				{Ops: []Op{{Kind: Return}}},
			},
			[]Place{{1, 2}}},
		// In Go, Add counts before it panics: see sync.WaitGroup.
		{"a negative counter", []Var{{Name: "wg", Shared: true, Init: WaitGroup}}, false,
			[]Code{
				{Ops: []Op{{Kind: Call, N: 1}, {Kind: Wait}}},
				{Ops: []Op{{Kind: Defer, N: 2}, {Kind: Add, N: -1}}},
				{Ops: []Op{{Kind: Recover}}},
			},
			[]Place{{0, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &Program{Vars: c.vars, Codes: c.code, MainEnds: c.main}
			res := Explore(p, small)
			got := make(map[Place]bool)
			for _, s := range res.Stuck {
				got[s.At] = true
			}
			if len(got) != len(c.want) {
				t.Errorf("stuck at %v, want %v", got, c.want)
			}
			for _, at := range c.want {
				if !got[at] {
					t.Errorf("not stuck at %v", at)
				}
			}
			if len(p.Vars) > 0 {
				compare(t, p)
			}
		})
	}
}
