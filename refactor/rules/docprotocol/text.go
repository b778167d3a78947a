package docprotocol

import (
	"fmt"
	"strings"

	"handshake/refactor/chanflow"
)

// paragraph says what is known of a lifecycle. If it is all that the comment
// consists of, it begins with the type's name.
func paragraph(l *chanflow.Lifecycle, alone bool) string {
	p := &prose{Lifecycle: l}
	for _, s := range l.Starts {
		p.count += len(s.Spawns)
		for _, sp := range s.Spawns {
			if sp.Loop() != nil {
				p.count++
			}
		}
	}
	if alone {
		p.say("%s has %s", l.Type.Name(), p.goroutines())
	}
	p.starts(alone)
	p.stops()
	p.holds()
	p.closes()
	return strings.Join(p.sentences, " ")
}

type prose struct {
	*chanflow.Lifecycle
	count     int // 2 if there may be more than one goroutine
	sentences []string
}

func (p *prose) say(format string, args ...any) {
	p.sentences = append(p.sentences, fmt.Sprintf(format, args...)+".")
}

func (p *prose) goroutines() string {
	if p.count == 1 {
		return "a goroutine of its own"
	}
	return "goroutines of its own"
}

func (p *prose) starts(known bool) {
	for _, s := range p.Starts {
		verb, what := "starts", "a goroutine"
		if len(s.Spawns) > 1 || s.Spawns[0].Loop() != nil {
			what = "goroutines"
		}
		if known && len(p.Starts) == 1 {
			what = p.them()
		}
		for _, sp := range s.Spawns {
			if sp.Fn != s.Fn || sp.Conditional() && sp.Loop() == nil {
				verb = "may start"
			}
		}
		p.say("%s %s %s", s.Fn.Decl.Name.Name, verb, what)
	}
	if p.Unstoppable {
		p.say("Nothing stops %s", p.them())
	}
}

// them is how the goroutines are referred to.
func (p *prose) them() string {
	if p.count == 1 {
		return "it"
	}
	return "them"
}

func (p *prose) stops() {
	for _, s := range p.Stops {
		name, whom, have := s.Fn.Decl.Name.Name, p.them(), "it has"
		if p.count > 1 {
			have = "they have"
		}
		if !s.All {
			whom = "some of them"
		}
		switch {
		case s.Waits:
			caller := "the goroutine itself must not call it"
			if p.count > 1 {
				caller = "none of them may call it"
			}
			p.say("%s tells %s to stop and returns when %s, so %s", name, whom, have, caller)
		case s.Flees:
			p.say("%s tells %s to stop and does not wait until %s", name, whom, have)
		default:
			p.say("%s tells %s to stop", name, whom)
		}
		if s.Again {
			p.say("%s may be called more than once", name)
		}
	}
}

func (p *prose) holds() {
	for _, h := range p.Holds {
		name, ch := h.Fn.Decl.Name.Name, h.Op.Ref.Obj.Name()
		switch {
		case h.Op.Kind == chanflow.Recv && h.Closable:
			p.say("%s blocks until something is sent to %s or it is closed", name, ch)
		case h.Op.Kind == chanflow.Recv:
			p.say("%s blocks until something is sent to %s", name, ch)
		case h.Room > 0:
			p.say("%s blocks while %s is full", name, ch)
		default:
			p.say("%s blocks until its value is received from %s", name, ch)
		}
	}
}

func (p *prose) closes() {
	var who []string
	what := make(map[string][]string)
	for _, c := range p.Closes {
		name := "nobody"
		switch {
		case c.By != nil:
			name = c.By.Decl.Name.Name
		case c.Spawn != nil && p.count == 1:
			name = "the goroutine"
		case c.Spawn != nil:
			name = "one of the goroutines"
		}
		if what[name] == nil {
			who = append(who, name)
		}
		what[name] = append(what[name], c.Field.Name())
	}
	var list []string
	for i, name := range who {
		fields := what[name]
		if i == 0 && (name == "nobody" || strings.Contains(name, " ")) {
			name = strings.ToUpper(name[:1]) + name[1:]
		}
		list = append(list, name+" closes "+enumerate(fields))
	}
	if len(list) > 0 {
		p.say("%s", strings.Join(list, "; "))
	}
}

// enumerate joins words: a, b and c.
func enumerate(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
