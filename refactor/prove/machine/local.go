package machine

// A set holds variables.
type set []uint64

func (s set) has(v int) bool { return s[v/64]&(1<<(v%64)) != 0 }
func (s set) add(v int)      { s[v/64] |= 1 << (v % 64) }

// join adds the elements of t, and reports whether there were new ones.
func (s set) join(t set) (grown bool) {
	for i, w := range t {
		grown = grown || w&^s[i] != 0
		s[i] |= w
	}
	return grown
}

// An ahead says what may happen from an operation on, in its code and in what
// that calls, starts and defers.
type ahead struct {
	reads  set  // variables whose objects may be looked at
	writes set  // variables that may be assigned
	again  bool // the operation itself
}

// look finds what may happen from each operation on, and from behind the last
// one of each code: a fixpoint.
func look(p *Program) [][]ahead {
	words := (len(p.Vars) + 63) / 64
	out := make([][]ahead, len(p.Codes))
	for c, code := range p.Codes {
		out[c] = make([]ahead, len(code.Ops)+1)
		for i := range out[c] {
			a := &out[c][i]
			a.reads, a.writes = make(set, words), make(set, words)
			if i < len(code.Ops) {
				a.operate(code.Ops[i])
			}
		}
	}
	for grown := true; grown; {
		grown = false
		for c, code := range p.Codes {
			for i := len(code.Ops) - 1; i >= 0; i-- {
				a := &out[c][i]
				see := func(b *ahead) {
					if a.reads.join(b.reads) || a.writes.join(b.writes) {
						grown = true
					}
				}
				switch op := code.Ops[i]; op.Kind {
				case Spawn, Call, Defer, Do:
					see(&out[op.N][0])
				}
				for _, n := range followers(code, i) {
					see(&out[c][n])
				}
			}
		}
	}
	for c, code := range p.Codes {
		for i := range code.Ops {
			out[c][i].again = comesBack(code, i)
		}
	}
	for repeatCalled(p, out) {
	}
	return out
}

// repeatCalled marks the operations of code that is only called by operations
// which may follow themselves: they may, too. It reports whether there was any.
func repeatCalled(p *Program, out [][]ahead) (grown bool) {
	called, once := make([]bool, len(p.Codes)), make([]bool, len(p.Codes))
	for c, code := range p.Codes {
		for i, op := range code.Ops {
			switch op.Kind {
			case Call:
				called[op.N] = true
				once[op.N] = once[op.N] || !out[c][i].again
			case Spawn, Defer, Do:
				once[op.N] = true
			}
		}
	}
	for c, code := range p.Codes {
		for i := range code.Ops {
			if called[c] && !once[c] && !out[c][i].again {
				out[c][i].again, grown = true, true
			}
		}
	}
	return grown
}

// operate adds what an operation itself looks at and assigns.
func (a *ahead) operate(op Op) {
	read := a.reads.add
	switch op.Kind {
	case Goto, Spawn, Call, Defer, Recover, Return, Goexit, Panic, Halt, Hang, Settle:
	case Make, SetNil:
		a.writes.add(op.Var)
	case Copy, Derive:
		a.writes.add(op.Var)
		read(op.From)
	case Select:
		for _, c := range op.Cases {
			read(c.Var)
		}
	default:
		read(op.Var)
	}
}

// followers returns the operations that may follow one in its code.
func followers(code Code, i int) []int {
	op := code.Ops[i]
	switch op.Kind {
	case Return, Goexit, Panic, Halt, Hang:
		return nil
	}
	out := op.Next
	for _, c := range op.Cases {
		out = append(out[:len(out):len(out)], c.Next)
		if c.Closed != 0 {
			out = append(out, c.Closed)
		}
	}
	if len(op.Next) == 0 && (op.Kind != Select || op.Default) {
		out = append(out[:len(out):len(out)], i+1)
	}
	for k, n := range out {
		if n > len(code.Ops) {
			out = append([]int(nil), out...)
			out[k] = len(code.Ops)
		}
	}
	return out
}

// comesBack reports whether an operation may follow itself.
func comesBack(code Code, i int) bool {
	seen := make([]bool, len(code.Ops)+1)
	for work := followers(code, i); len(work) > 0; {
		n := work[len(work)-1]
		work = work[: len(work)-1 : len(work)-1]
		if n == i {
			return true
		}
		if n < len(code.Ops) && !seen[n] {
			seen[n] = true
			work = append(work, followers(code, n)...)
		}
	}
	return false
}

// outlook returns what each process may still look at and assign.
func (r *runner) outlook(s *state) (reads, writes []set) {
	words := (len(r.Vars) + 63) / 64
	all := make([]uint64, 2*words*len(s.procs))
	for i := range s.procs {
		a := ahead{reads: all[:words:words], writes: all[words : 2*words : 2*words]}
		all = all[2*words:]
		for _, f := range s.procs[i].frames {
			if f.mode == works {
				at := r.ahead[f.code][min(int(f.op), len(r.Codes[f.code].Ops))]
				a.reads.join(at.reads)
				a.writes.join(at.writes)
			}
			for _, d := range f.deferred {
				a.reads.join(r.ahead[d][0].reads)
				a.writes.join(r.ahead[d][0].writes)
			}
		}
		reads, writes = append(reads, a.reads), append(writes, a.writes)
	}
	return reads, writes
}

// tidy clears the variables that nobody will look at again: they must not make
// states different. Process i may have been changed, the others are shared with
// another state.
func (r *runner) tidy(s *state) {
	if s.end != running {
		return
	}
	reads, _ := r.outlook(s)
	for v, d := range r.Vars {
		k := r.index[v]
		if d.Shared {
			used := false
			for i := range s.procs {
				used = used || reads[i].has(v)
			}
			if !used {
				s.shared[k] = 0
			}
			continue
		}
		for i := range s.procs {
			if p := &s.procs[i]; len(p.frames) > 0 && p.regs[k] != 0 && !reads[i].has(v) {
				s.own(i)
				p.regs[k] = 0
			}
		}
	}
}

// local reports whether the next step of process i writes nothing that another
// process could see or change, now or later unless process i moves; and is no
// step back in its code: a process makes finitely many such steps in a row.
func (r *runner) local(s *state, i int, reads, writes []set) bool {
	p := &s.procs[i]
	if len(p.frames) == 0 {
		return false
	}
	f := p.top()
	if f.mode != works {
		if len(f.deferred) > 0 {
			return true
		}
		last := len(p.frames) == 1
		return f.once == 0 && !(last && (f.mode == panics || f.mode == returns && i == 0 && r.MainEnds))
	}
	at := p.place()
	op := r.At(at)
	if at.Op < len(r.Codes[at.Code].Ops) {
		for _, n := range followers(r.Codes[at.Code], at.Op) {
			if n <= at.Op {
				return false
			}
		}
	}
	// own: no other process assigns the variable; sole: nor looks at it.
	own := func(v int) bool {
		for j := range s.procs {
			if r.Vars[v].Shared && j != i && writes[j].has(v) {
				return false
			}
		}
		return true
	}
	sole := func(v int) bool {
		for j := range s.procs {
			if r.Vars[v].Shared && j != i && reads[j].has(v) {
				return false
			}
		}
		return own(v)
	}
	switch op.Kind {
	case Goto, Recover, Return, Goexit, Panic:
		return true
	case Halt, Hang, Settle:
		return false
	case Spawn: // what leads out of bounds must not keep the others from moving
		_, over := r.slot(s, op.N)
		return over == 0
	case Call:
		return len(p.frames) < r.bounds.Calls
	case Defer:
		return len(f.deferred) < r.bounds.Calls
	case Make:
		return sole(op.Var) && len(s.objs) < r.bounds.Objects
	case SetNil:
		return sole(op.Var)
	case IsNil:
		return own(op.Var)
	case Copy:
		return sole(op.Var) && own(op.From)
	case Derive:
		return sole(op.Var) && own(op.From) && r.private(s, i, *r.cell(s, i, op.From), reads) && len(s.objs) < r.bounds.Objects
	case Select:
		for _, c := range op.Cases {
			if !own(c.Var) || !r.alone(s, i, *r.cell(s, i, c.Var), reads) {
				return false
			}
		}
		return true
	case Send, Recv:
		return own(op.Var) && r.alone(s, i, *r.cell(s, i, op.Var), reads)
	}
	ref := *r.cell(s, i, op.Var)
	if !own(op.Var) || ref == 0 || !r.private(s, i, ref, reads) {
		return false
	}
	switch obj := s.objs[ref-1]; op.Kind {
	case Close, Cancel, Lock, Await, Wake, Wait, Set, Swap, Test:
		return true
	case Unlock:
		return obj.flag
	case RUnlock:
		return obj.n > 0
	case RLock, TryLock, TryRLock, Enlist:
		return int(obj.n) < r.bounds.Count
	case Add:
		n := int(int8(obj.n)) + op.N
		return -r.bounds.Count <= n && n <= r.bounds.Count
	case Do:
		return len(p.frames) < r.bounds.Calls
	}
	return false
}

// alone reports whether no other process can have to do with what process i
// operates on: a channel that is private, or always ready.
func (r *runner) alone(s *state, i int, ref uint8, reads []set) bool {
	return ref == 0 || s.objs[ref-1].kind == Ready || r.private(s, i, ref, reads)
}

// private reports whether no process but i will have to do with an object,
// unless process i hands it on. A context has to do with its relatives.
func (r *runner) private(s *state, i int, ref uint8, reads []set) bool {
	if ref == 0 {
		return true
	}
	if s.objs[ref-1].up != 0 {
		return false
	}
	for _, o := range s.objs {
		if o.up == ref {
			return false
		}
	}
	for j := range s.procs {
		p := &s.procs[j]
		if j == i || len(p.frames) == 0 {
			continue
		}
		for v := range r.Vars {
			if reads[j].has(v) && *r.cell(s, j, v) == ref {
				return false
			}
		}
		for _, f := range p.frames {
			if f.once == ref {
				return false
			}
		}
	}
	return true
}
