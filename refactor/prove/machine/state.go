package machine

import "slices"

// A state is one moment of a program. References are indices into objs plus 1;
// 0 is nil.
type state struct {
	shared []uint8
	objs   []object
	procs  []proc // by number; one without frames is free
	end    ending
	cause  Place // of a crash
	limit  Limit // that was hit
}

type ending uint8

const (
	running ending = iota
	ended          // nobody waits any more
	crashed        // by a panic
	beyond         // out of bounds: anything may happen
)

// An object holds what its kind needs. The meaning of n: the values in a
// channel, the readers of a lock, the counter of a WaitGroup, the state of a
// Once (1 runs, 2 done) or Flag, those that have enlisted at a Cond, of which
// cap are woken.
type object struct {
	kind Kind
	cap  uint8
	n    uint8
	flag bool  // a channel is closed, an Open one silent, a lock held for writing
	want bool  // a writer has announced itself, so that new readers wait
	up   uint8 // what the context was derived from, or 0
}

type proc struct {
	regs   []uint8
	frames []frame
	cause  Place // of its panic
	code   uint16
}

// A frame is a call in progress.
type frame struct {
	code, op uint16
	mode     mode
	once     uint8 // the Once that is done when this ends, or 0
	phase    uint8 // 1 once the writer at an RWMutex has announced itself
	deferred []uint16
}

// mode is what a process does in a frame.
type mode uint8

const (
	works mode = iota
	returns
	exits
	panics
)

// clone returns a copy of the state in which the process i may be changed, the
// others not.
func (s *state) clone(i int) *state {
	c := *s
	c.shared = slices.Clone(s.shared)
	c.objs = slices.Clone(s.objs)
	c.procs = slices.Clone(s.procs)
	c.own(i)
	return &c
}

// own makes the process i, of which another state has a copy, the state's own.
func (s *state) own(i int) {
	p := &s.procs[i]
	p.regs = slices.Clone(p.regs)
	p.frames = append(make([]frame, 0, len(p.frames)+1), p.frames...)
	for j := range p.frames {
		p.frames[j].deferred = slices.Clone(p.frames[j].deferred)
	}
}

// normalize gives equal states equal representations: objects are numbered in
// the order in which variables refer to them, and what nobody refers to is
// dropped.
func (s *state) normalize() {
	if s.end != running {
		*s = state{end: s.end, cause: s.cause, limit: s.limit}
		return
	}
	renamed := make([]uint8, len(s.objs)+1)
	var objs []object
	same := true
	number := func(ref uint8) {
		for ref != 0 && renamed[ref] == 0 {
			objs = append(objs, s.objs[ref-1])
			renamed[ref] = uint8(len(objs))
			same = same && int(ref) == len(objs)
			ref = s.objs[ref-1].up
		}
	}
	for _, ref := range s.shared {
		number(ref)
	}
	for i := range s.procs {
		p := &s.procs[i]
		for _, ref := range p.regs {
			number(ref)
		}
		for _, f := range p.frames {
			number(f.once)
		}
	}
	if !same {
		for i := range objs {
			objs[i].up = renamed[objs[i].up]
		}
		for i := range s.shared {
			s.shared[i] = renamed[s.shared[i]]
		}
		for i := range s.procs {
			s.own(i)
			p := &s.procs[i]
			for j := range p.regs {
				p.regs[j] = renamed[p.regs[j]]
			}
			for j := range p.frames {
				p.frames[j].once = renamed[p.frames[j].once]
			}
		}
	}
	s.objs = objs
	for len(s.procs) > 0 && len(s.procs[len(s.procs)-1].frames) == 0 {
		s.procs = s.procs[:len(s.procs)-1]
	}
}

// key returns a string that only equal states have.
func (s *state) key(buf []byte) []byte {
	b := append(buf[:0], byte(s.end))
	if s.end != running {
		return append(b, byte(s.cause.Code), byte(s.cause.Code>>8), byte(s.cause.Op), byte(s.cause.Op>>8), byte(s.limit))
	}
	b = append(b, s.shared...)
	b = append(b, byte(len(s.objs)))
	for _, o := range s.objs {
		bits := byte(0)
		if o.flag {
			bits |= 1
		}
		if o.want {
			bits |= 2
		}
		b = append(b, byte(o.kind)<<2|bits, o.cap, o.n, o.up)
	}
	for _, p := range s.procs {
		b = append(b, byte(len(p.frames)))
		if len(p.frames) == 0 {
			continue
		}
		b = append(b, byte(p.code), byte(p.code>>8))
		b = append(b, p.regs...)
		for _, f := range p.frames {
			b = append(b, byte(f.code), byte(f.code>>8), byte(f.op), byte(f.op>>8), byte(f.mode)<<1|f.phase, f.once, byte(len(f.deferred)))
			for _, d := range f.deferred {
				b = append(b, byte(d), byte(d>>8))
			}
			if f.mode == panics {
				b = append(b, byte(p.cause.Code), byte(p.cause.Code>>8), byte(p.cause.Op), byte(p.cause.Op>>8))
			}
		}
	}
	return b
}

func (p *proc) top() *frame { return &p.frames[len(p.frames)-1] }

func (p *proc) place() Place {
	f := p.top()
	return Place{int(f.code), int(f.op)}
}

// calls returns where the process is, the innermost call last.
func (p *proc) calls() []Place {
	out := make([]Place, len(p.frames))
	for i, f := range p.frames {
		out[i] = Place{int(f.code), int(f.op)}
	}
	return out
}
