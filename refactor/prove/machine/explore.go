package machine

import (
	"cmp"
	"slices"
)

// Explore visits the states of the program that can be reached within the
// bounds, and returns what can go wrong in them.
//
// A process is stuck on an operation in a state if no continuation, whatever
// the others do, lets it proceed. That is so if and only if some set of states
// that cannot be left any more can be reached (a bottom component of the state
// graph: a single state in which nobody can move, or others that go round in
// circles for ever) in which the process never moves: from a state in which it
// is stuck every bottom component that can be reached is such a one. What
// could proceed under a fair scheduler is thereby never stuck.
//
// Not all interleavings are followed. Where the next step of a process is
// local, which means that no other process can see, enable or disable it, only
// the steps of that process are (its step is independent of what the others
// do, so {its steps} is a persistent set). Then every finite path of the full
// graph from a visited state can be extended, up to the order of independent
// steps, to a path of the reduced graph: let π be one. If the local process
// moves in π, its first step there commutes to the front; if not, any of its
// steps can be put ahead of π, because nothing in π depends on it. Steps back
// in the code are never local, so this adds only finitely many steps before
// the next one is π's own. Hence: if a state is reachable in which a process is
// stuck, so is, in the reduced graph, one that follows from it, in which it is
// stuck too; and if the reduced graph has no continuation in which the process
// proceeds, the full graph has none. The same holds for crashes. The number
// that a new process gets depends on the order, but means nothing.
func Explore(p *Program, b Bounds) Result { return explore(newRunner(p, b), false) }

// An arrow leads to a state. Movers has a bit for each process that moved.
type arrow struct {
	to     int32
	movers uint32
}

// An origin says how a state was first reached.
type origin struct {
	from    int32
	ordinal int32 // among the moves
}

func explore(r *runner, all bool) Result {
	start := r.start()
	number := map[string]int32{}
	queue := []*state{start}
	origins := []origin{{-1, 0}}
	arrows := [][]arrow{}
	var buf []byte
	buf = start.key(buf)
	number[string(buf)] = 0
	res := Result{Complete: true}
	ends := map[int32]ending{}
	crashes := map[Place]int32{}
	for at := 0; at < len(queue); at++ {
		s := queue[at]
		queue[at] = nil
		var list []arrow
		for k, m := range r.moves(s, all) {
			n := m.next
			r.tidy(n)
			n.normalize()
			buf = n.key(buf)
			to, ok := number[string(buf)]
			if !ok {
				if len(queue) >= r.bounds.States {
					res.Complete = false
					continue
				}
				to = int32(len(queue))
				number[string(buf)] = to
				queue = append(queue, n)
				origins = append(origins, origin{int32(at), int32(k)})
				if n.end != running {
					ends[to] = n.end
				}
				if n.end == crashed {
					crashes[n.cause] = to
				}
				res.Bounded |= n.limit
				res.Ended = res.Ended || n.end == running && r.over(n)
			}
			movers := uint32(0)
			if m.Process != nobody {
				movers |= 1 << m.Process
			}
			if m.Partner != nobody {
				movers |= 1 << m.Partner
			}
			list = append(list, arrow{to, movers})
		}
		arrows = append(arrows, list)
		if !res.Complete {
			break
		}
	}
	res.States = len(queue)
	for place, n := range crashes {
		trace, _ := r.replay(origins, n, all)
		res.Panics = append(res.Panics, Stuck{Process: trace[len(trace)-1].Process, At: place, Trace: trace})
	}
	if res.Complete {
		res.Stuck = r.stuck(arrows, ends, origins, all)
	}
	order := func(a, b Stuck) int {
		return cmp.Or(cmp.Compare(a.At.Code, b.At.Code), cmp.Compare(a.At.Op, b.At.Op), cmp.Compare(a.Process, b.Process))
	}
	slices.SortFunc(res.Stuck, order)
	slices.SortFunc(res.Panics, order)
	return res
}

// stuck finds the processes that do not move in a bottom component, one for
// each place where some stand.
func (r *runner) stuck(arrows [][]arrow, ends map[int32]ending, origins []origin, all bool) []Stuck {
	var out []Stuck
	seen := make(map[Place]bool)
	for _, c := range bottoms(arrows) {
		first := slices.Min(c)
		if ends[first] != running {
			continue
		}
		movers := uint32(0)
		for _, n := range c {
			for _, a := range arrows[n] {
				movers |= a.movers
			}
		}
		trace, s := r.replay(origins, first, all)
		if r.Over && !r.over(s) {
			continue
		}
		var dead []int
		for i := range s.procs {
			if len(s.procs[i].frames) > 0 && movers&(1<<i) == 0 {
				dead = append(dead, i)
			}
		}
		for _, i := range dead {
			at := s.procs[i].place()
			if seen[at] {
				continue
			}
			seen[at] = true
			st := Stuck{Process: i, At: at, Calls: s.procs[i].calls(), Trace: trace}
			for j := range s.procs {
				if len(s.procs[j].frames) == 0 || j == i {
					continue
				}
				st.Others = append(st.Others, Standing{j, s.procs[j].calls(), slices.Contains(dead, j)})
			}
			out = append(out, st)
		}
	}
	return out
}

// replay returns the steps that lead to a state, and the state.
func (r *runner) replay(origins []origin, n int32, all bool) ([]Step, *state) {
	var path []int32
	for ; n > 0; n = origins[n].from {
		path = append(path, origins[n].ordinal)
	}
	s := r.start()
	var trace []Step
	for _, k := range slices.Backward(path) {
		m := r.moves(s, all)[k]
		trace = append(trace, m.Step)
		s = m.next
		r.tidy(s)
		s.normalize()
	}
	return trace, s
}

// bottoms returns the strongly connected components that no arrow leaves
// (Tarjan, without recursion).
func bottoms(arrows [][]arrow) (out [][]int32) {
	n := len(arrows)
	index := make([]int32, n) // from 1 in the order of the visit
	low := make([]int32, n)
	component := make([]int32, n) // from 1
	var stack []int32
	type call struct {
		node int32
		next int
	}
	var calls []call
	count, components := int32(0), int32(0)
	for root := range n {
		if index[root] != 0 {
			continue
		}
		calls = append(calls, call{int32(root), 0})
		for len(calls) > 0 {
			c := &calls[len(calls)-1]
			v := c.node
			if c.next == 0 {
				count++
				index[v], low[v] = count, count
				stack = append(stack, v)
			}
			if c.next < len(arrows[v]) {
				w := arrows[v][c.next].to
				c.next++
				switch {
				case index[w] == 0:
					calls = append(calls, call{w, 0})
				case component[w] == 0:
					low[v] = min(low[v], index[w])
				}
				continue
			}
			calls = calls[:len(calls)-1]
			if len(calls) > 0 {
				u := calls[len(calls)-1].node
				low[u] = min(low[u], low[v])
			}
			if low[v] != index[v] {
				continue
			}
			components++
			var members []int32
			for {
				w := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				component[w] = components
				members = append(members, w)
				if w == v {
					break
				}
			}
			bottom := true
			for _, m := range members {
				for _, a := range arrows[m] {
					bottom = bottom && component[a.to] == components
				}
			}
			if bottom {
				out = append(out, members)
			}
		}
	}
	return out
}
