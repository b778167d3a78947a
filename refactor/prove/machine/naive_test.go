package machine

import (
	"fmt"
	"maps"
	"slices"
)

// The naive explorer is written to be obviously right: no reduction, nothing
// shared, dropped, renumbered or reused, and "stuck" as its definition says.
// It is given up (ok is false) where that takes too many states.

type nObject struct {
	kind    Kind
	cap, n  int
	closed  bool // or silent, or locked, or done
	pending bool
	woken   int
	parent  int
}

type nFrame struct {
	code, op int
	leaving  string // "", "return", "goexit" or "panic"
	defers   []int
	once     *int
	pending  bool
}

type nProc struct {
	vars   map[int]int // object numbers, from 1
	frames []nFrame
	cause  Place
}

type nState struct {
	vars map[int]int
	objs map[int]nObject
	proc map[int]nProc
	last [2]int // numbers given to objects and processes
	over string
}

func (s nState) copy() nState {
	s.vars, s.objs, s.proc = maps.Clone(s.vars), maps.Clone(s.objs), maps.Clone(s.proc)
	for i, p := range s.proc {
		p.vars = maps.Clone(p.vars)
		p.frames = slices.Clone(p.frames)
		for j := range p.frames {
			p.frames[j].defers = slices.Clone(p.frames[j].defers)
		}
		s.proc[i] = p
	}
	return s
}

func (s nState) String() string {
	if s.over != "" {
		return s.over
	}
	text := fmt.Sprint(s.vars, s.objs)
	for _, i := range slices.Sorted(maps.Keys(s.proc)) {
		p := s.proc[i]
		text += fmt.Sprint("|", i, p.vars)
		for _, f := range p.frames {
			once := 0
			if f.once != nil {
				once = *f.once
			}
			text += fmt.Sprint(" ", f.code, f.op, f.leaving, f.defers, once, f.pending)
			if f.leaving == "panic" {
				text += fmt.Sprint(p.cause)
			}
		}
	}
	return text
}

type nStep struct {
	to     nState
	movers []int
}

type naive struct {
	*Program
	b       Bounds
	bounded bool
}

func (m *naive) get(s nState, i, v int) int {
	if m.Vars[v].Shared {
		return s.vars[v]
	}
	return s.proc[i].vars[v]
}

// look returns an object as it is for its users: a context ends with its parent.
func (s nState) look(ref int) nObject {
	o := s.objs[ref]
	for up := o.parent; up != 0; up = s.objs[up].parent {
		if p := s.objs[up]; p.kind == Chan && p.closed {
			o.closed = true
		}
	}
	return o
}

// above returns the context which ref was derived from and which code out of
// sight may cancel, or 0.
func (s nState) above(ref int) int {
	for up := s.objs[ref].parent; up != 0; up = s.objs[up].parent {
		if p := s.objs[up]; p.kind == Signal && !p.closed {
			return up
		}
	}
	return 0
}

func (m *naive) put(s nState, i, v, ref int) {
	if m.Vars[v].Shared {
		s.vars[v] = ref
	} else {
		s.proc[i].vars[v] = ref
	}
}

// edit returns s with the innermost call of process i changed.
func edit(s nState, i int, act func(f *nFrame)) nState {
	act(&s.proc[i].frames[len(s.proc[i].frames)-1])
	return s
}

func goTo(op int) func(*nFrame) { return func(f *nFrame) { f.op = op } }

func (m *naive) at(s nState, i int) (Op, bool) {
	p, ok := s.proc[i]
	if !ok {
		return Op{}, false
	}
	f := p.frames[len(p.frames)-1]
	return m.At(Place{f.code, f.op}), f.leaving == ""
}

// wants lists the channel operations of process i: variable, send, where to
// go on, and where if closed.
func (m *naive) wants(s nState, i int) (out []Case, polls bool) {
	op, ok := m.at(s, i)
	if !ok {
		return nil, false
	}
	next := m.nexts(s, i, op)
	switch op.Kind {
	case Send:
		return []Case{{true, op.Var, next[0], next[0]}}, false
	case Recv:
		return []Case{{false, op.Var, next[0], next[len(next)-1]}}, false
	case Select:
		for _, c := range op.Cases {
			if c.Closed == 0 {
				c.Closed = c.Next
			}
			out = append(out, c)
		}
		return out, op.Default
	}
	return nil, false
}

func (m *naive) nexts(s nState, i int, op Op) []int {
	if len(op.Next) > 0 {
		return op.Next
	}
	p := s.proc[i]
	return []int{p.frames[len(p.frames)-1].op + 1}
}

func (m *naive) steps(s nState) (out []nStep) {
	if s.over != "" {
		return nil
	}
	for i := range s.proc {
		out = append(out, m.alone(s, i)...)
		cases, polls := m.wants(s, i)
		for _, c := range cases {
			ref := m.get(s, i, c.Var)
			o := s.look(ref)
			if !c.Send || ref == 0 || o.kind == Ready || o.kind == Signal || o.kind == Chan && (o.closed || o.cap > 0) {
				continue
			}
			for j := range s.proc {
				theirs, alsoPolls := m.wants(s, j)
				for _, d := range theirs {
					if j != i && !d.Send && m.get(s, j, d.Var) == ref && !(polls && alsoPolls) {
						n := edit(edit(s.copy(), i, goTo(c.Next)), j, goTo(d.Next))
						out = append(out, nStep{n, []int{i, j}})
					}
				}
			}
		}
	}
	return out
}

func (m *naive) alone(s nState, i int) (out []nStep) {
	p := s.proc[i]
	top := p.frames[len(p.frames)-1]
	here := Place{top.code, top.op}
	add := func(n nState) { out = append(out, nStep{n, []int{i}}) }
	if top.leaving != "" {
		add(m.leave(s.copy(), i))
		return out
	}
	op := m.At(here)
	next := m.nexts(s, i, op)
	change := func(ref int, act func(o *nObject), to int) {
		n := s.copy()
		o := n.objs[ref]
		act(&o)
		n.objs[ref] = o
		add(edit(n, i, goTo(to)))
	}
	panics := func() {
		n := s.copy()
		q := n.proc[i]
		q.cause = here
		n.proc[i] = q
		add(edit(n, i, func(f *nFrame) { f.leaving = "panic" }))
	}
	ends := func(how string) {
		m.bounded = m.bounded || how == "beyond"
		add(nState{over: how})
	}
	crash := fmt.Sprintf("crash %d %d", here.Code, here.Op)
	ref := m.get(s, i, op.Var)
	o := s.look(ref)
	set := func(v, r int) { n := s.copy(); m.put(n, i, v, r); add(edit(n, i, goTo(next[0]))) }
	switch op.Kind {
	case Goto:
		for _, k := range next {
			add(edit(s.copy(), i, goTo(k)))
		}
	case Make:
		n := s.copy()
		n.last[0]++
		n.objs[n.last[0]] = nObject{kind: op.Obj, cap: op.N}
		m.put(n, i, op.Var, n.last[0])
		add(edit(n, i, goTo(next[0])))
	case Copy:
		set(op.Var, m.get(s, i, op.From))
	case SetNil:
		set(op.Var, 0)
	case Derive:
		n := s.copy()
		n.last[0]++
		child := nObject{kind: Chan}
		if from := m.get(s, i, op.From); from != 0 {
			child.parent = from
			if s.objs[from].kind == Ready {
				child = nObject{kind: Ready}
			}
		}
		n.objs[n.last[0]] = child
		m.put(n, i, op.Var, n.last[0])
		add(edit(n, i, goTo(next[0])))
	case IsNil:
		if ref == 0 {
			add(edit(s.copy(), i, goTo(next[1])))
		} else {
			add(edit(s.copy(), i, goTo(next[0])))
		}
	case Send, Recv, Select:
		sure := false
		cases, _ := m.wants(s, i)
		for _, c := range cases {
			ref := m.get(s, i, c.Var)
			o := s.look(ref)
			if ref == 0 {
				continue
			}
			waits := !(op.Kind == Select && op.Default)
			switch {
			case o.kind == Ready:
				change(ref, func(*nObject) {}, c.Next)
			case o.kind == Signal:
				if !o.closed {
					change(ref, func(o *nObject) { o.kind, o.closed = Chan, true }, c.Closed)
					if waits {
						n := s.copy()
						o.closed = true
						n.objs[ref] = o
						out = append(out, nStep{n, nil})
					}
				}
			case o.kind == Open:
				if !o.closed {
					change(ref, func(*nObject) {}, c.Next)
					if !c.Send {
						change(ref, func(*nObject) {}, c.Closed)
					}
					if waits {
						n := s.copy()
						o.closed = true
						n.objs[ref] = o
						out = append(out, nStep{n, nil})
					}
				}
			case c.Send && o.closed:
				sure = true
				panics()
			case c.Send && o.n < o.cap:
				sure = true
				change(ref, func(o *nObject) { o.n++ }, c.Next)
			case !c.Send && o.n > 0:
				sure = true
				change(ref, func(o *nObject) { o.n-- }, c.Next)
			case !c.Send && o.closed:
				sure = true
				change(ref, func(*nObject) {}, c.Closed)
			case !c.Send && s.above(ref) != 0:
				up := s.above(ref)
				change(up, func(o *nObject) { o.kind, o.closed = Chan, true }, c.Closed)
				if waits {
					n := s.copy()
					o := n.objs[up]
					o.closed = true
					n.objs[up] = o
					out = append(out, nStep{n, nil})
				}
			}
		}
		if op.Kind == Select && op.Default && !sure {
			add(edit(s.copy(), i, goTo(next[0])))
		}
	case Spawn:
		same := 0
		for _, q := range s.proc {
			if q.frames[0].code == op.N && q.frames[0].once == nil {
				same++
			}
		}
		if len(s.proc) >= m.b.Processes || same >= m.b.Copies {
			ends("beyond")
			break
		}
		n := edit(s.copy(), i, goTo(next[0]))
		n.last[1]++
		n.proc[n.last[1]] = nProc{vars: maps.Clone(n.proc[i].vars), frames: []nFrame{{code: op.N}}}
		add(n)
	case Call:
		if len(p.frames) >= m.b.Calls {
			ends("beyond")
			break
		}
		n := edit(s.copy(), i, goTo(next[0]))
		q := n.proc[i]
		q.frames = append(q.frames, nFrame{code: op.N})
		n.proc[i] = q
		add(n)
	case Defer:
		if len(top.defers) >= m.b.Calls {
			ends("beyond")
			break
		}
		add(edit(s.copy(), i, func(f *nFrame) { f.defers = append(f.defers, op.N); f.op = next[0] }))
	case Recover:
		n := edit(s.copy(), i, goTo(next[0]))
		if f := n.proc[i].frames; len(f) > 1 && f[len(f)-2].leaving == "panic" {
			f[len(f)-2].leaving = "return"
		}
		add(n)
	case Return:
		add(edit(s.copy(), i, func(f *nFrame) { f.leaving = "return" }))
	case Goexit:
		add(edit(s.copy(), i, func(f *nFrame) { f.leaving = "goexit" }))
	case Panic:
		panics()
	case Halt:
		ends("end")
	case Hang:
	default:
		if ref == 0 {
			panics()
			break
		}
		m.sync(s, i, op, next, ref, o, top, change, panics, ends, add, crash)
	}
	return out
}

func (m *naive) sync(s nState, i int, op Op, next []int, ref int, o nObject, top nFrame, change func(int, func(*nObject), int), panics func(), ends func(string), add func(nState), crash string) {
	shut := func(o *nObject) {
		o.closed = true
		if o.kind == Open || o.kind == Signal {
			o.kind, o.cap = Chan, 0
		}
	}
	switch op.Kind {
	case TryLock:
		if o.closed || o.pending || o.n > 0 {
			change(ref, func(*nObject) {}, next[0])
		} else {
			change(ref, func(o *nObject) { o.closed, o.pending = true, o.kind == RWMutex }, next[1])
		}
	case TryRLock:
		if o.closed || o.pending {
			change(ref, func(*nObject) {}, next[0])
		} else if o.n >= m.b.Count {
			ends("beyond")
		} else {
			change(ref, func(o *nObject) { o.n++ }, next[1])
		}
	case Enlist:
		if o.n >= m.b.Count {
			ends("beyond")
		} else {
			change(ref, func(o *nObject) { o.n++ }, next[0])
		}
	case Await:
		if o.woken > 0 {
			change(ref, func(o *nObject) { o.woken--; o.n-- }, next[0])
		}
	case Wake:
		switch {
		case o.n == o.woken:
			change(ref, func(*nObject) {}, next[0])
		case op.N == 1:
			change(ref, func(o *nObject) { o.woken = o.n }, next[0])
		default:
			change(ref, func(o *nObject) { o.woken++ }, next[0])
		}
	case Close:
		if o.closed && o.kind == Chan {
			panics()
		} else {
			change(ref, shut, next[0])
		}
	case Cancel:
		change(ref, shut, next[0])
	case Lock:
		if o.kind == Mutex && !o.closed {
			change(ref, func(o *nObject) { o.closed = true }, next[0])
		}
		if o.kind == RWMutex && !top.pending && !o.pending {
			n := s.copy()
			o.pending = true
			n.objs[ref] = o
			add(edit(n, i, func(f *nFrame) { f.pending = true }))
		}
		if o.kind == RWMutex && top.pending && o.n == 0 {
			n := edit(s.copy(), i, func(f *nFrame) { f.pending = false; f.op = next[0] })
			o.closed = true
			n.objs[ref] = o
			add(n)
		}
	case Unlock:
		if o.closed {
			change(ref, func(o *nObject) { o.closed, o.pending = false, false }, next[0])
		} else {
			ends(crash)
		}
	case RLock:
		if !o.pending {
			if o.n >= m.b.Count {
				ends("beyond")
			} else {
				change(ref, func(o *nObject) { o.n++ }, next[0])
			}
		}
	case RUnlock:
		if o.n > 0 {
			change(ref, func(o *nObject) { o.n-- }, next[0])
		} else {
			ends(crash)
		}
	case Add:
		switch {
		case o.n+op.N > m.b.Count || o.n+op.N < -m.b.Count:
			ends("beyond")
		case o.n+op.N < 0:
			o.n += op.N
			s = s.copy()
			s.objs[ref] = o
			q := s.proc[i]
			q.cause = Place{top.code, top.op}
			s.proc[i] = q
			add(edit(s, i, func(f *nFrame) { f.leaving = "panic" }))
		default:
			change(ref, func(o *nObject) { o.n += op.N }, next[0])
		}
	case Wait:
		if o.n == 0 {
			change(ref, func(*nObject) {}, next[0])
		}
	case Do:
		if o.n == 2 {
			change(ref, func(*nObject) {}, next[0])
		}
		if o.n == 0 {
			if len(s.proc[i].frames) >= m.b.Calls {
				ends("beyond")
				return
			}
			n := edit(s.copy(), i, goTo(next[0]))
			o.n = 1
			n.objs[ref] = o
			q := n.proc[i]
			q.frames = append(q.frames, nFrame{code: op.N, once: &ref})
			n.proc[i] = q
			add(n)
		}
	case Set:
		change(ref, func(o *nObject) { o.n = op.N }, next[0])
	case Swap:
		if o.n == op.From {
			change(ref, func(o *nObject) { o.n = op.N }, next[1])
		} else {
			change(ref, func(*nObject) {}, next[0])
		}
	case Test:
		change(ref, func(*nObject) {}, next[o.n])
	}
}

// leave goes on with the way out of the innermost call of process i.
func (m *naive) leave(s nState, i int) nState {
	p := s.proc[i]
	k := len(p.frames) - 1
	f := p.frames[k]
	if d := len(f.defers); d > 0 {
		p.frames[k].defers = f.defers[:d-1]
		p.frames = append(p.frames, nFrame{code: f.defers[d-1]})
		s.proc[i] = p
		return s
	}
	if f.once != nil {
		o := s.objs[*f.once]
		o.n = 2
		s.objs[*f.once] = o
	}
	p.frames = p.frames[:k]
	s.proc[i] = p
	switch {
	case k > 0:
		if f.leaving != "return" {
			p.frames[k-1].leaving = f.leaving
		}
	case f.leaving == "panic":
		return nState{over: fmt.Sprintf("crash %d %d", p.cause.Code, p.cause.Op)}
	case f.leaving == "return" && i == 0 && m.MainEnds:
		return nState{over: "end"}
	default:
		delete(s.proc, i)
	}
	return s
}

// explore returns the places where a process can be stuck, and where the
// program can crash.
func (m *naive) explore(most int) (stuck, crashes map[Place]bool, ok bool) {
	start := nState{vars: map[int]int{}, objs: map[int]nObject{}, proc: map[int]nProc{0: {vars: map[int]int{}, frames: []nFrame{{code: m.Main}}}}}
	for v, d := range m.Vars {
		m.put(start, 0, v, 0)
		if d.Init != None {
			start.last[0]++
			start.objs[start.last[0]] = nObject{kind: d.Init, cap: d.Cap}
			m.put(start, 0, v, start.last[0])
		}
	}
	states := []nState{start}
	number := map[string]int{start.String(): 0}
	var steps [][]nStep
	var to [][]int
	stuck, crashes = map[Place]bool{}, map[Place]bool{}
	for at := 0; at < len(states); at++ {
		var list []int
		all := m.steps(states[at])
		for _, st := range all {
			key := st.to.String()
			n, seen := number[key]
			if !seen {
				n = len(states)
				number[key] = n
				states = append(states, st.to)
				var c Place
				if k, _ := fmt.Sscanf(st.to.over, "crash %d %d", &c.Code, &c.Op); k == 2 {
					crashes[c] = true
				}
			}
			list = append(list, n)
		}
		if len(states) > most {
			return nil, nil, false
		}
		steps, to = append(steps, all), append(to, list)
	}
	from := make([][]int, len(states))
	for a, list := range to {
		for _, b := range list {
			from[b] = append(from[b], a)
		}
	}
	// A process is stuck where it can neither move nor the run end or leave
	// the bounds, now or later.
	procs := map[int]bool{}
	for _, s := range states {
		for i := range s.proc {
			procs[i] = true
		}
	}
	for i := range procs {
		can := make([]bool, len(states))
		var work []int
		mark := func(n int) {
			if !can[n] {
				can[n] = true
				work = append(work, n)
			}
		}
		for n, s := range states {
			if s.over != "" {
				mark(n)
			}
			for _, st := range steps[n] {
				if slices.Contains(st.movers, i) {
					mark(n)
				}
			}
		}
		for len(work) > 0 {
			n := work[len(work)-1]
			work = work[:len(work)-1]
			for _, a := range from[n] {
				mark(a)
			}
		}
		for n, s := range states {
			if p, alive := s.proc[i]; alive && !can[n] {
				f := p.frames[len(p.frames)-1]
				stuck[Place{f.code, f.op}] = true
			}
		}
	}
	return stuck, crashes, true
}
