package card

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// trim returns source on one line, cut to what fits in a diagram.
func trim(s string) string {
	const most = 48
	s = strings.Join(strings.Fields(s), " ")
	if i := strings.Index(s, "{ "); i > 0 && utf8.RuneCountInString(s) > most {
		s = s[:i] + "{…}"
	}
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}

// play lets the actors act, one at a time, each as far as it gets without the
// others, and writes down what they do.
func (s *scene) play() *Sequence {
	p := &stage{scene: s, seq: &Sequence{}, closed: make(map[*conduit]bool)}
	for _, a := range s.actors {
		p.seq.Actors = append(p.seq.Actors, Actor{s.goroutine(a.of), a.of.Spawn != nil})
		p.parts = append(p.parts, &part{actor: a, index: len(p.parts), inbox: make(map[*conduit]int)})
	}
	for p.next() {
	}
	p.closeAll()
	p.leftovers()
	return p.seq
}

// A stage is where a scene is played.
type stage struct {
	*scene
	seq    *Sequence
	parts  []*part
	boxes  []box // the loops that are drawn open
	turn   *part // whose turn it is, or nil
	closed map[*conduit]bool
	told   []Note // what was said to be missing
}

// A part is an actor on the stage.
type part struct {
	*actor
	index   int
	on      bool             // it was started
	at      int              // the next instruction
	inbox   map[*conduit]int // what was sent to it
	waiting bool             // it was said that it waits
	loops   []loop           // that it is in
	forced  bool             // nothing else can go on: it need not wait
	stuck   bool             // it could not go on, and nothing has happened since
}

// A loop is one that a part is in. It may not be drawn for a while.
type loop struct {
	text  string
	hears []*conduit // what its turns wait for
	shown bool
}

type box struct {
	part  *part
	begin int // the step
}

// next lets one actor go on. It is false if all have finished.
func (p *stage) next() bool {
	if a := p.turn; a != nil {
		p.turn = nil
		if p.run(a) {
			return true
		}
	}
	if slices.ContainsFunc(p.parts, p.run) {
		return true
	}
	for _, a := range p.parts { // then somebody else calls
		if !a.on && a.of.Spawn == nil {
			a.on = true
			return true
		}
	}
	for _, listening := range []bool{true, false} { // then what waits in vain goes on
		for _, a := range p.parts {
			if a.on && a.at < len(a.script) && (a.script[a.at].kind == doEnd) == listening {
				a.forced, a.stuck = true, false
				p.step(a)
				a.forced = false
				for _, b := range p.parts {
					b.stuck = false
				}
				return true
			}
		}
	}
	for _, a := range p.parts { // and then who was started out of sight
		if !a.on {
			a.on = true
			return true
		}
	}
	return false
}

// run lets a part go on until it has to wait or it is somebody else's turn. It is
// false if nothing came of it.
func (p *stage) run(a *part) bool {
	moved := false
	for a.able() && p.step(a) {
		moved = true
		for _, b := range p.parts {
			b.stuck = false
		}
		if p.turn != nil {
			return true
		}
	}
	a.stuck = true
	return moved || p.turn != nil
}

// able reports whether the part may be able to go on.
func (a *part) able() bool { return a.on && a.at < len(a.script) && !a.stuck }

// first lets the receivers of what is to be sent get there, if they can. It is
// true if one can.
func (p *stage) first(a *part, to []*part, c *conduit) bool {
	for _, b := range to {
		if b != a && !a.forced && b.able() && p.readiness(b, c) == 1 {
			p.turn = b
			return true
		}
	}
	return false
}

// step performs the next instruction of a part. It is false if that has to wait.
func (p *stage) step(a *part) bool {
	in := a.script[a.at]
	switch in.kind {
	case doMake:
		p.say(Step{Remark, a.index, a.index, in.text, in.maybe})
	case doGo:
		for _, b := range p.parts {
			if b.of.Spawn == in.spawn {
				b.on = true
				p.say(Step{Message, a.index, b.index, in.text, false})
			}
		}
	case doSend:
		if !p.send(a, in) {
			return false
		}
	case doClose, doDone:
		if !p.signal(a, in) {
			return false
		}
	case doRecv, doWait, doChoose:
		if !p.receive(a, in) {
			return false
		}
	case doLoop:
		a.loops = append(a.loops, loop{in.text, nil, true})
		p.boxes = append(p.boxes, box{a, len(p.seq.Steps)})
		p.seq.Steps = append(p.seq.Steps, Step{Kind: LoopBegin, From: a.index, To: a.index, Text: in.text})
	case doEnd:
		if !p.endLoop(a) {
			return false
		}
	}
	a.at++
	a.waiting = false
	p.lacks(a, in)
	return true
}

// receivers returns the parts that receive through the conduit or wait for it,
// those that do now first.
func (p *stage) receivers(c *conduit, but *part) (out []*part) {
	for _, b := range p.parts {
		if b != but && slices.ContainsFunc(b.script, func(in instr) bool { return in.hears(c) }) {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(x, y *part) int { return p.readiness(y, c) - p.readiness(x, c) })
	return out
}

func (in instr) hears(c *conduit) bool {
	return (in.kind == doRecv || in.kind == doWait) && in.via == c || in.kind == doChoose && slices.Contains(in.cases, c)
}

// readiness says how near a part is to receiving.
func (p *stage) readiness(a *part, c *conduit) int {
	switch {
	case !a.on || a.at == len(a.script):
		return 0
	case a.waiting && a.script[a.at].hears(c) || slices.ContainsFunc(a.loops, func(l loop) bool { return slices.Contains(l.hears, c) }):
		return 2
	}
	return 1
}

func (p *stage) send(a *part, in instr) bool {
	to := p.receivers(in.via, a)
	switch {
	case p.first(a, to[:min(1, len(to))], in.via):
		return false
	case len(to) == 0:
		p.say(Step{Message, a.index, a.index, in.text, in.maybe})
	case p.readiness(to[0], in.via) == 0 && !a.forced:
		return false // until the receiver is there
	default:
		b := to[0]
		b.inbox[in.via]++
		p.say(Step{Message, a.index, b.index, in.text, in.maybe})
		p.turn = b
	}
	return true
}

func (p *stage) signal(a *part, in instr) bool {
	to := p.receivers(in.via, a)
	if late := slices.DeleteFunc(slices.Clone(to), func(b *part) bool { return b.on && b.at == len(b.script) }); len(late) > 0 {
		to = late // the others have left
	}
	if p.first(a, to, in.via) {
		return false
	}
	if in.kind == doClose {
		p.closed[in.via] = true
	}
	for _, b := range to {
		if in.kind == doDone {
			b.inbox[in.via]++
		}
		p.say(Step{Message, a.index, b.index, in.text, in.maybe})
	}
	if len(to) == 0 {
		p.say(Step{Message, a.index, a.index, in.text, in.maybe})
	}
	return true
}

func (p *stage) receive(a *part, in instr) bool {
	ready := a.forced || in.polls
	via := in.cases
	if in.kind != doChoose {
		via = []*conduit{in.via}
	}
	for _, c := range via {
		switch {
		case p.closed[c]:
			ready = true
		case in.kind == doWait:
			ready = ready || a.inbox[c] >= p.counters(c)
		case a.inbox[c] > 0 && !ready:
			a.inbox[c]--
			ready = true
		}
	}
	if n := len(a.loops); n > 0 && in.again {
		a.loops[n-1].hears = append(a.loops[n-1].hears, via...)
	}
	switch {
	case in.kind == doChoose && !a.waiting:
		p.say(Step{Remark, a.index, a.index, in.text, false})
		a.waiting = true
	case !ready && !a.waiting:
		p.say(Step{Remark, a.index, a.index, "waits: " + in.text, false})
		a.waiting = true
	}
	return ready
}

// counters returns how many parts count a WaitGroup down.
func (p *stage) counters(c *conduit) (n int) {
	for _, b := range p.parts {
		if slices.ContainsFunc(b.script, func(in instr) bool { return in.kind == doDone && in.via == c }) {
			n++
		}
	}
	return n
}

// endLoop ends the innermost loop of a part. One whose turns wait for others goes
// on until they stop it or have no more for it.
func (p *stage) endLoop(a *part) bool {
	l := a.loops[len(a.loops)-1]
	if len(l.hears) > 0 && !a.forced && !slices.ContainsFunc(l.hears, func(c *conduit) bool { return p.closed[c] }) {
		return false
	}
	if l.shown {
		for p.boxes[len(p.boxes)-1].part != a { // loops of others that began in it are shown anew
			inner := p.boxes[len(p.boxes)-1].part
			for i := range slices.Backward(inner.loops) {
				if inner.loops[i].shown {
					inner.loops[i].shown = false
					break
				}
			}
			p.closeBox()
		}
		p.closeBox()
	}
	a.loops = a.loops[:len(a.loops)-1]
	return true
}

// closeBox ends the last loop that is drawn, or leaves it out if nothing
// happened in it.
func (p *stage) closeBox() {
	b := p.boxes[len(p.boxes)-1]
	p.boxes = p.boxes[:len(p.boxes)-1]
	if b.begin == len(p.seq.Steps)-1 {
		p.seq.Steps = p.seq.Steps[:b.begin]
		return
	}
	p.seq.Steps = append(p.seq.Steps, Step{Kind: LoopEnd, From: b.part.index, To: b.part.index})
}

func (p *stage) closeAll() {
	for len(p.boxes) > 0 {
		p.closeBox()
	}
}

// say writes a step, in the loops of the parts that it is about.
func (p *stage) say(st Step) {
	for _, i := range []int{st.From, st.To} {
		a := p.parts[i]
		for k := range a.loops {
			if l := &a.loops[k]; !l.shown {
				l.shown = true
				p.boxes = append(p.boxes, box{a, len(p.seq.Steps)})
				p.seq.Steps = append(p.seq.Steps, Step{Kind: LoopBegin, From: i, To: i, Text: l.text + " …"})
			}
		}
	}
	p.seq.Steps = append(p.seq.Steps, st)
}

// lacks says what is missing at an instruction.
func (p *stage) lacks(a *part, in instr) {
	if in.node == nil || in.via == nil {
		return
	}
	for _, n := range in.via.missing {
		if at := p.place(in.node); at.File == n.File && at.Start == n.Start && !slices.Contains(p.told, n) {
			p.told = append(p.told, n)
			p.say(Step{Lack, a.index, a.index, n.Text, false})
		}
	}
}

// leftovers says what is missing elsewhere.
func (p *stage) leftovers() {
	for _, c := range p.all {
		for _, n := range c.missing {
			if slices.Contains(p.told, n) {
				continue
			}
			p.told = append(p.told, n)
			tok := p.pkg.FileNamed(n.File).Tok
			f := p.m.FuncOf(tok.Pos(n.Start))
			if f == nil {
				continue
			}
			for _, a := range p.parts {
				if slices.Contains(p.m.Goroutines(f), a.of) {
					p.seq.Steps = append(p.seq.Steps, Step{Lack, a.index, a.index, fmt.Sprintf("%s (line %d)", n.Text, n.Line), false})
					break
				}
			}
		}
	}
}
