package machine

import "testing"

func TestSettle(t *testing.T) {
	flag := Var{Name: "flag", Shared: true, Init: Flag}
	ch := Var{Name: "ch", Shared: true, Init: Chan}
	tick := Var{Name: "tick", Shared: true, Init: Open}
	for _, c := range []struct {
		name  string
		child []Op
		stuck bool // the first process can find the flag unset
	}{
		{"the others are done first", []Op{{Kind: Set, Var: 0, N: 1}}, false},
		{"a receive is enough", []Op{{Kind: Set, Var: 0, N: 1}, {Kind: Recv, Var: 1}}, false},
		{"a receive comes first", []Op{{Kind: Recv, Var: 1}, {Kind: Set, Var: 0, N: 1}}, true},
		{"the clock may not have moved on", []Op{{Kind: Recv, Var: 2}, {Kind: Set, Var: 0, N: 1}}, true},
	} {
		main := []Op{{Kind: Spawn, N: 1}, {Kind: Settle}, {Kind: Test, Var: 0, Next: []int{3, 4}}, {Kind: Hang}, {Kind: Return}}
		p := &Program{Vars: []Var{flag, ch, tick}, Codes: []Code{{Ops: main}, {Ops: c.child}}}
		stuck := false
		for _, s := range Explore(p, Usual).Stuck {
			stuck = stuck || s.At == Place{0, 3}
		}
		if stuck != c.stuck {
			t.Errorf("%s: stuck is %t", c.name, stuck)
		}
	}
}

func TestOver(t *testing.T) {
	child := Code{Ops: []Op{{Kind: Hang}}}
	for _, c := range []struct {
		main  []Op
		stuck int
	}{
		{[]Op{{Kind: Spawn, N: 1}}, 1},
		{[]Op{{Kind: Spawn, N: 1}, {Kind: Hang}}, 0},
		{[]Op{{Kind: Spawn, N: 1}, {Kind: Halt}}, 0},
	} {
		p := &Program{Codes: []Code{{Ops: c.main}, child}, Over: true}
		res := Explore(p, Usual)
		if len(res.Stuck) != c.stuck || res.Ended != (c.stuck > 0) {
			t.Errorf("%v: %d are stuck, ended is %t", c.main, len(res.Stuck), res.Ended)
		}
	}
}
