package machine

// An offer is a channel operation that a process is ready for.
type offer struct {
	ref          uint8
	send         bool
	next, closed int
	polls        bool // the process does not wait: its select has a default
}

// offers returns the channel operations that process i is at.
func (r *runner) offers(s *state, i int) []offer {
	p := &s.procs[i]
	if len(p.frames) == 0 || p.top().mode != works {
		return nil
	}
	op := r.At(p.place())
	next := func(k int) int {
		if k < len(op.Next) {
			return op.Next[k]
		}
		return int(p.top().op) + 1
	}
	switch op.Kind {
	case Send:
		return []offer{{ref: *r.cell(s, i, op.Var), send: true, next: next(0), closed: next(0)}}
	case Recv:
		o := offer{ref: *r.cell(s, i, op.Var), next: next(0), closed: next(0)}
		if len(op.Next) > 1 {
			o.closed = op.Next[1]
		}
		return []offer{o}
	case Select:
		out := make([]offer, len(op.Cases))
		for k, c := range op.Cases {
			out[k] = offer{*r.cell(s, i, c.Var), c.Send, c.Next, c.Closed, op.Default}
			if c.Closed == 0 {
				out[k].closed = c.Next
			}
		}
		return out
	}
	return nil
}

// communicate appends what process i, which is at a channel operation, can do
// without another process.
func (r *runner) communicate(s *state, i int, op Op, at Place, out []move) []move {
	certain := false // one of its cases can proceed, whoever else has arrived
	silenced := make(map[uint8]bool)
	for _, o := range r.offers(s, i) {
		if o.ref == 0 {
			continue // blocks for ever
		}
		to := func(next int, act func(*object)) {
			out = append(out, r.move(s, i, at, func(n *state) {
				if act != nil {
					act(&n.objs[o.ref-1])
				}
				n.procs[i].top().op = uint16(next)
			}))
		}
		// The context ref, which o.ref is or was derived from, is cancelled.
		leave := func(o offer, ref uint8) {
			out = append(out, r.move(s, i, at, func(n *state) {
				n.shut(ref)
				n.procs[i].top().op = uint16(o.closed)
			}))
		}
		silence := func(ref uint8) {
			if silenced[ref] {
				return
			}
			silenced[ref] = true
			m := r.move(s, i, at, func(n *state) { n.objs[ref-1].flag = true })
			m.Process = nobody
			out = append(out, m)
		}
		switch c := s.objs[o.ref-1]; {
		case c.kind == Ready:
			to(o.next, nil)
		case (c.kind == Open || c.kind == Signal) && c.flag:
		case c.kind == Open || c.kind == Signal:
			if c.kind == Signal { // it stays closed
				leave(o, o.ref)
			} else {
				to(o.next, nil)
			}
			if c.kind == Open && !o.send && o.closed != o.next {
				to(o.closed, nil)
			}
			if !op.Default {
				silence(o.ref)
			}
		case o.send && c.flag:
			certain = true
			out = append(out, r.move(s, i, at, func(n *state) { n.panics(i) }))
		case o.send && c.n < c.cap:
			certain = true
			to(o.next, func(c *object) { c.n++ })
		case !o.send && c.n > 0:
			certain = true
			to(o.next, func(c *object) { c.n-- })
		case !o.send && c.flag:
			certain = true
			to(o.closed, nil)
		case !o.send:
			if ref := s.signal(c.up); ref != 0 {
				leave(o, ref)
				if !op.Default {
					silence(ref)
				}
			}
		}
	}
	if op.Kind == Select && op.Default && !certain {
		// A partner may be at the operation, or may just not have arrived.
		out = append(out, r.move(s, i, at, func(n *state) { r.advance(n, i, op, 0) }))
	}
	return out
}

// meetings appends the rendezvous that are possible. Two processes that poll
// never meet.
func (r *runner) meetings(s *state, out []move) []move {
	all := make([][]offer, len(s.procs))
	for i := range s.procs {
		all[i] = r.offers(s, i)
	}
	for i, sends := range all {
		for _, a := range sends {
			if !a.send || a.ref == 0 {
				continue
			}
			c := s.objs[a.ref-1]
			if c.cap > 0 || c.kind != Open && (c.kind != Chan || c.flag) {
				continue
			}
			for j, recvs := range all {
				for _, b := range recvs {
					if i == j || b.send || b.ref != a.ref || a.polls && b.polls {
						continue
					}
					m := r.move(s, i, s.procs[i].place(), func(n *state) {
						n.own(j)
						n.procs[i].top().op = uint16(a.next)
						n.procs[j].top().op = uint16(b.next)
					})
					m.Partner = j
					out = append(out, m)
				}
			}
		}
	}
	return out
}
