package machine

// settled reports whether no process but i can proceed, unless code out of sight
// lets it.
func (r *runner) settled(s *state, i int) bool {
	for j := range s.procs {
		if j != i && len(s.procs[j].frames) > 0 && !r.waits(s, j) {
			return false
		}
	}
	return true
}

// waits reports whether process j is blocked, or leaves it to code out of sight
// whether it is.
func (r *runner) waits(s *state, j int) bool {
	p := &s.procs[j]
	if p.top().mode != works {
		return false
	}
	op := r.At(p.place())
	switch op.Kind {
	case Send, Recv, Select:
		return !op.Default && !r.communicates(s, j)
	case Lock, RLock, Await, Wait, Do:
		return len(r.own(s, j, nil)) == 0
	case Hang, Settle:
		return true
	}
	return false
}

// communicates reports whether process j, which is at a channel operation, can
// proceed with a channel of the program or with another process.
func (r *runner) communicates(s *state, j int) bool {
	for _, o := range r.offers(s, j) {
		if o.ref == 0 {
			continue
		}
		c := s.objs[o.ref-1]
		if c.kind == Open || c.kind == Signal || c.kind == Ready {
			continue
		}
		if c.flag || o.send && c.n < c.cap || !o.send && c.n > 0 {
			return true
		}
		for k := range s.procs {
			if k == j {
				continue
			}
			for _, other := range r.offers(s, k) {
				if other.ref == o.ref && other.send != o.send {
					return true
				}
			}
		}
	}
	return false
}

// over reports whether the first process has ended: another may be in its place.
func (r *runner) over(s *state) bool {
	return len(s.procs) == 0 || len(s.procs[0].frames) == 0 || int(s.procs[0].code) != r.Main
}
