package machine

import "slices"

// A runner knows how states follow each other.
type runner struct {
	*Program
	bounds Bounds
	index  []uint8 // of each variable among the shared ones, or the registers
	regs   int
	ahead  [][]ahead // by code and operation
}

func newRunner(p *Program, b Bounds) *runner {
	p = threaded(p)
	r := &runner{Program: p, bounds: b, index: make([]uint8, len(p.Vars))}
	shared := 0
	for i, v := range p.Vars {
		if v.Shared {
			r.index[i] = uint8(shared)
			shared++
		} else {
			r.index[i] = uint8(r.regs)
			r.regs++
		}
	}
	r.ahead = look(p)
	return r
}

// threaded returns the program with jumps to jumps made direct. Places stay
// what they are.
func threaded(p *Program) *Program {
	out := *p
	out.Codes = make([]Code, len(p.Codes))
	for c, code := range p.Codes {
		target := func(n int) int {
			for range code.Ops { // no further: jumps may go round in a circle
				if n >= len(code.Ops) || code.Ops[n].Kind != Goto || len(code.Ops[n].Next) != 1 {
					break
				}
				n = code.Ops[n].Next[0]
			}
			return n
		}
		ops := make([]Op, len(code.Ops))
		for i, op := range code.Ops {
			next := slices.Clone(op.Next)
			if len(next) == 0 && op.Kind != Select {
				next = []int{i + 1}
			}
			for k := range next {
				next[k] = target(next[k])
			}
			op.Next = next
			op.Cases = slices.Clone(op.Cases)
			for k := range op.Cases {
				c := &op.Cases[k]
				c.Next = target(c.Next)
				if to := target(c.Closed); c.Closed != 0 && to != 0 {
					c.Closed = to
				}
			}
			ops[i] = op
		}
		out.Codes[c] = Code{code.Name, ops}
	}
	return &out
}

// start returns the first state.
func (r *runner) start() *state {
	s := &state{procs: []proc{{regs: make([]uint8, r.regs), frames: []frame{{code: uint16(r.Main)}}, code: uint16(r.Main)}}}
	for _, v := range r.Vars {
		if v.Shared {
			s.shared = append(s.shared, 0)
		}
	}
	for i, v := range r.Vars {
		if v.Init != None {
			s.objs = append(s.objs, object{kind: v.Init, cap: uint8(v.Cap)})
			*r.cell(s, 0, i) = uint8(len(s.objs))
		}
	}
	r.tidy(s)
	s.normalize()
	return s
}

// cell returns where the variable v of process i is kept.
func (r *runner) cell(s *state, i, v int) *uint8 {
	if r.Vars[v].Shared {
		return &s.shared[r.index[v]]
	}
	return &s.procs[i].regs[r.index[v]]
}

// A move is a step with the state that it leads to. A step of nobody is
// something that code out of sight does.
type move struct {
	Step
	next *state
}

const nobody = -1

// moves returns the steps that some process can make, and what they lead to.
// If all tells, those of every process; else, where it makes no difference to
// what is found (see [Explore]), those of only one.
func (r *runner) moves(s *state, all bool) []move {
	if s.end != running {
		return nil
	}
	if !all {
		reads, writes := r.outlook(s)
		for i := range s.procs {
			if r.local(s, i, reads, writes) {
				if out := r.own(s, i, nil); len(out) > 0 {
					return out
				}
			}
		}
	}
	var out []move
	for i := range s.procs {
		if len(s.procs[i].frames) > 0 {
			out = r.own(s, i, out)
		}
	}
	return r.meetings(s, out)
}

// own appends the steps that process i can make alone.
func (r *runner) own(s *state, i int, out []move) []move {
	p := &s.procs[i]
	f := p.top()
	at := p.place()
	if f.mode != works {
		return append(out, r.move(s, i, at, func(n *state) { r.unwind(n, i) }))
	}
	op := r.At(at)
	do := func(act func(n *state)) { out = append(out, r.move(s, i, at, act)) }
	next := func(k int) func(*state) { return func(n *state) { r.advance(n, i, op, k) } }
	then := func(act func(o *object)) {
		do(func(n *state) {
			act(&n.objs[*r.cell(n, i, op.Var)-1])
			r.advance(n, i, op, 0)
		})
	}
	fails := func() { do(func(n *state) { n.panics(i) }) }
	crashes := func() { do(func(n *state) { n.end, n.cause = crashed, at }) }
	outOfBounds := func(l Limit) { do(func(n *state) { n.end, n.limit = beyond, l }) }
	var obj *object
	switch op.Kind {
	case Send, Recv, Select:
		return r.communicate(s, i, op, at, out)
	case Close, Cancel, Lock, Unlock, RLock, RUnlock, TryLock, TryRLock, Enlist, Await, Wake, Add, Wait, Do, Set, Swap, Test:
		ref := *r.cell(s, i, op.Var)
		if ref == 0 {
			fails() // close of nil channel, or a nil pointer
			return out
		}
		obj = &s.objs[ref-1]
	}
	switch op.Kind {
	case Goto:
		for k := range max(1, len(op.Next)) {
			do(next(k))
		}
	case Make:
		if len(s.objs) >= r.bounds.Objects {
			outOfBounds(Objects)
			break
		}
		do(func(n *state) {
			n.objs = append(n.objs, object{kind: op.Obj, cap: uint8(op.N)})
			*r.cell(n, i, op.Var) = uint8(len(n.objs))
			r.advance(n, i, op, 0)
		})
	case Copy:
		do(func(n *state) { *r.cell(n, i, op.Var) = *r.cell(n, i, op.From); r.advance(n, i, op, 0) })
	case SetNil:
		do(func(n *state) { *r.cell(n, i, op.Var) = 0; r.advance(n, i, op, 0) })
	case Derive:
		if len(s.objs) >= r.bounds.Objects {
			outOfBounds(Objects)
			break
		}
		do(func(n *state) {
			n.objs = append(n.objs, n.derived(*r.cell(n, i, op.From)))
			*r.cell(n, i, op.Var) = uint8(len(n.objs))
			r.advance(n, i, op, 0)
		})
	case IsNil:
		k := 0
		if *r.cell(s, i, op.Var) == 0 {
			k = 1
		}
		do(next(k))
	case Close:
		if obj.flag && obj.kind == Chan {
			fails()
		} else {
			do(func(n *state) { n.shut(*r.cell(n, i, op.Var)); r.advance(n, i, op, 0) })
		}
	case Cancel:
		do(func(n *state) { n.shut(*r.cell(n, i, op.Var)); r.advance(n, i, op, 0) })
	case Lock:
		switch {
		case obj.kind == Mutex && !obj.flag:
			then(func(o *object) { o.flag = true })
		case obj.kind == RWMutex && f.phase == 0 && !obj.want:
			do(func(n *state) {
				n.objs[*r.cell(n, i, op.Var)-1].want = true
				n.procs[i].top().phase = 1
			})
		case obj.kind == RWMutex && f.phase == 1 && obj.n == 0:
			then(func(o *object) { o.flag = true })
			out[len(out)-1].next.procs[i].top().phase = 0
		}
	case Unlock:
		if !obj.flag {
			crashes()
		} else {
			then(func(o *object) { o.flag, o.want = false, false })
		}
	case RLock:
		switch {
		case obj.want:
		case int(obj.n) >= r.bounds.Count:
			outOfBounds(Count)
		default:
			then(func(o *object) { o.n++ })
		}
	case RUnlock:
		if obj.n == 0 {
			crashes()
		} else {
			then(func(o *object) { o.n-- })
		}
	case TryLock, TryRLock:
		if obj.flag || obj.want || op.Kind == TryLock && obj.n > 0 {
			do(next(0))
			break
		}
		if op.Kind == TryRLock && int(obj.n) >= r.bounds.Count {
			outOfBounds(Count)
			break
		}
		do(func(n *state) {
			if o := &n.objs[*r.cell(n, i, op.Var)-1]; op.Kind == TryRLock {
				o.n++
			} else {
				o.flag, o.want = true, o.kind == RWMutex
			}
			r.advance(n, i, op, 1)
		})
	case Enlist:
		if int(obj.n) >= r.bounds.Count {
			outOfBounds(Count)
			break
		}
		then(func(o *object) { o.n++ })
	case Await:
		if obj.cap > 0 {
			then(func(o *object) { o.cap--; o.n-- })
		}
	case Wake:
		then(func(o *object) {
			if op.N == 1 {
				o.cap = o.n
			} else {
				o.cap = min(o.cap+1, o.n)
			}
		})
	case Add:
		switch n := int(int8(obj.n)) + op.N; {
		case n > r.bounds.Count || n < -r.bounds.Count:
			outOfBounds(Count)
		case n < 0: // it panics when it has counted
			do(func(s *state) {
				s.objs[*r.cell(s, i, op.Var)-1].n = uint8(n)
				s.panics(i)
			})
		default:
			then(func(o *object) { o.n = uint8(n) })
		}
	case Wait:
		if obj.n == 0 {
			do(next(0))
		}
	case Do:
		switch {
		case obj.n == 2:
			do(next(0))
		case obj.n == 0 && len(p.frames) >= r.bounds.Calls:
			outOfBounds(Calls)
		case obj.n == 0:
			do(func(n *state) {
				ref := *r.cell(n, i, op.Var)
				n.objs[ref-1].n = 1
				r.advance(n, i, op, 0)
				n.procs[i].frames = append(n.procs[i].frames, frame{code: uint16(op.N), once: ref})
			})
		}
	case Set:
		then(func(o *object) { o.n = uint8(op.N) })
	case Swap:
		if int(obj.n) != op.From {
			do(next(0))
			break
		}
		do(func(n *state) { n.objs[*r.cell(n, i, op.Var)-1].n = uint8(op.N); r.advance(n, i, op, 1) })
	case Test:
		do(next(int(obj.n)))
	case Spawn:
		slot, over := r.slot(s, op.N)
		if over == Copies && !r.ahead[at.Code][at.Op].again {
			over = Processes
		}
		if over != 0 {
			outOfBounds(over)
			break
		}
		do(func(n *state) { r.advance(n, i, op, 0); r.spawn(n, i, slot, op.N) })
	case Call:
		if len(p.frames) >= r.bounds.Calls {
			outOfBounds(Calls)
			break
		}
		do(func(n *state) {
			r.advance(n, i, op, 0)
			n.procs[i].frames = append(n.procs[i].frames, frame{code: uint16(op.N)})
		})
	case Defer:
		if len(f.deferred) >= r.bounds.Calls {
			outOfBounds(Calls)
			break
		}
		do(func(n *state) {
			f := n.procs[i].top()
			f.deferred = append(f.deferred, uint16(op.N))
			r.advance(n, i, op, 0)
		})
	case Recover:
		do(func(n *state) {
			p := &n.procs[i]
			if k := len(p.frames) - 2; k >= 0 && p.frames[k].mode == panics {
				p.frames[k].mode = returns
			}
			r.advance(n, i, op, 0)
		})
	case Return:
		do(func(n *state) { n.procs[i].top().mode = returns })
	case Goexit:
		do(func(n *state) { n.procs[i].top().mode = exits })
	case Panic:
		fails()
	case Halt:
		do(func(n *state) { n.end = ended })
	case Settle:
		if r.settled(s, i) {
			do(next(0))
		}
	case Hang:
	}
	return out
}

// move returns the step of process i that act performs.
func (r *runner) move(s *state, i int, at Place, act func(*state)) move {
	n := s.clone(i)
	act(n)
	return move{Step{i, at, nobody}, n}
}

// advance lets process i go on behind its operation.
func (r *runner) advance(s *state, i int, op Op, k int) {
	f := s.procs[i].top()
	if k < len(op.Next) {
		f.op = uint16(op.Next[k])
	} else {
		f.op++
	}
}

// panics lets process i panic.
func (s *state) panics(i int) {
	p := &s.procs[i]
	p.cause = p.place()
	p.top().mode = panics
}

// slot returns the number of a process that is started with the code: the
// lowest free one, so that the others keep theirs. It reports what bound that
// would exceed, or 0.
func (r *runner) slot(s *state, code int) (slot int, over Limit) {
	slot = len(s.procs)
	alive, copies := 0, 0
	for j, q := range s.procs {
		switch {
		case len(q.frames) == 0:
			if j > 0 { // the first process is the only one whose end may be the end
				slot = min(slot, j)
			}
		case int(q.code) == code:
			copies++
			fallthrough
		default:
			alive++
		}
	}
	switch {
	case alive >= r.bounds.Processes:
		over = Processes
	case copies >= r.bounds.Copies:
		over = Copies
	}
	return slot, over
}

// spawn starts a process with the registers of its spawner.
func (r *runner) spawn(s *state, i, slot, code int) {
	p := proc{regs: slices.Clone(s.procs[i].regs), frames: []frame{{code: uint16(code)}}, code: uint16(code)}
	if slot == len(s.procs) {
		s.procs = append(s.procs, p)
	} else {
		s.procs[slot] = p
	}
}

// unwind lets process i, which leaves its innermost call, run the code that
// this has deferred last, or end the call.
func (r *runner) unwind(s *state, i int) {
	p := &s.procs[i]
	f := p.top()
	if k := len(f.deferred); k > 0 {
		d := f.deferred[k-1]
		f.deferred = f.deferred[:k-1]
		p.frames = append(p.frames, frame{code: d})
		return
	}
	how := f.mode
	if f.once != 0 {
		s.objs[f.once-1].n = 2
	}
	p.frames = p.frames[:len(p.frames)-1]
	switch {
	case len(p.frames) > 0:
		if how != returns {
			p.top().mode = how
		}
	case how == panics:
		s.end, s.cause = crashed, p.cause
	case how == returns && i == 0 && r.MainEnds:
		s.end = ended
	default:
		p.regs = nil
	}
}
