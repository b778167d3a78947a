package machine

// derived returns a context whose parent is ref: one that ends when the parent
// does, or is cancelled before.
func (s *state) derived(ref uint8) object {
	if ref == 0 {
		return object{kind: Chan}
	}
	switch parent := s.objs[ref-1]; {
	case parent.kind == Ready:
		return object{kind: Ready}
	case parent.kind == Chan && parent.flag:
		return object{kind: Chan, flag: true}
	}
	return object{kind: Chan, up: ref}
}

// shut closes a channel, and the contexts that were derived from it. One that
// others operate on is then like any closed one.
func (s *state) shut(ref uint8) {
	for i := range s.objs {
		if !s.within(uint8(i+1), ref) {
			continue
		}
		o := &s.objs[i]
		o.flag, o.want = true, false
		if o.kind == Open || o.kind == Signal {
			o.kind, o.cap = Chan, 0
		}
	}
}

// within reports whether ref is, or was derived from, the context up.
func (s *state) within(ref, up uint8) bool {
	for ref != 0 && ref != up {
		ref = s.objs[ref-1].up
	}
	return ref != 0
}

// signal returns the context above, from ref on, that code out of sight may
// still cancel, or 0.
func (s *state) signal(ref uint8) uint8 {
	for ref != 0 && s.objs[ref-1].kind != Signal {
		ref = s.objs[ref-1].up
	}
	if ref != 0 && s.objs[ref-1].flag {
		return 0
	}
	return ref
}
