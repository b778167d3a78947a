package machine

import "testing"

// BenchmarkExplore visits the states of six processes that take two locks and
// meet on a channel.
func BenchmarkExplore(b *testing.B) {
	p := &Program{Vars: vars}
	main := []Op{}
	for range 5 {
		main = append(main, Op{Kind: Spawn, N: 1})
	}
	work := []Op{
		{Kind: Lock, Var: mu}, {Kind: Send, Var: 1}, {Kind: Unlock, Var: mu},
		{Kind: RLock, Var: rw}, {Kind: Recv, Var: 1}, {Kind: RUnlock, Var: rw},
		{Kind: Goto, Next: []int{0, 7}},
	}
	p.Codes = []Code{{Ops: append(main, work...)}, {Ops: work}}
	bounds := Usual
	bounds.Copies = 6
	states := 0
	for b.Loop() {
		states = Explore(p, bounds).States
	}
	b.ReportMetric(float64(states), "states")
	b.ReportMetric(float64(states)*float64(b.N)/b.Elapsed().Seconds(), "states/s")
}
