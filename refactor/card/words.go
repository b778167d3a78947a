package card

import (
	"fmt"
	"path/filepath"
	"strings"

	"handshake/refactor/chanflow"
)

// most is how many uses of a kind a card lists.
const most = 4

// meaning says what a role is.
var meaning = map[chanflow.Role]string{
	chanflow.RoleStarted:   "its goroutine closes it once it is set up",
	chanflow.RoleStop:      "it tells goroutines to stop",
	chanflow.RoleStopped:   "its goroutine gives it when it has stopped",
	chanflow.RoleDone:      "its goroutine gives it when it has finished",
	chanflow.RoleReady:     "it carries the error of a start, or is closed",
	chanflow.RoleReply:     "it carries one answer",
	chanflow.RoleData:      "it carries values",
	chanflow.RoleGate:      "its close lets waiting goroutines go on",
	chanflow.RoleSemaphore: "its room is the number of those who may go on",
	chanflow.RoleSignal:    "it carries events",
}

// Markdown returns the card in words. Places in the file that was asked about
// are given by their line, others by file and line.
func (c *Card) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** `%s`, %s\n\n", c.Name, c.Type, c.What)
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "- %s: %s\n", what, fmt.Sprintf(format, args...))
	}
	if c.Role != chanflow.NoRole {
		line("role", "**%s**, %s", c.Role, meaning[c.Role])
	} else if c.Kind != Group {
		line("role", "cannot be told")
	}
	if c.Kind == Group {
		c.list(line, "added to", "nobody adds to it", c.Adds)
		c.list(line, "done", "nobody calls Done", c.Dones)
		c.list(line, "waited for", "nobody waits", c.Waits)
	} else {
		c.made(line)
		if c.Owner != "" {
			line("owner", "%s, which alone closes it%s", c.Owner, c.inSight())
		}
		c.list(line, "closed", "", c.Closes)
		c.list(line, "sent to", "", c.Sends)
		c.list(line, "received from", "", c.Receives)
		if none := c.none(); none != "" {
			line("never", "%s%s", none, c.inSight())
		}
	}
	c.notes(line, "**missing**", c.Missing)
	c.notes(line, "out of sight", c.Hidden)
	return b.String()
}

func (c *Card) made(line func(what, format string, args ...any)) {
	if len(c.Makes) == 0 {
		line("made", "nowhere in sight")
		return
	}
	var parts []string
	for i, mk := range c.Makes {
		if i == most {
			parts = append(parts, more(len(c.Makes)-most))
			break
		}
		capacity := "unbuffered"
		if mk.Capacity != "0" {
			capacity = "capacity " + code(mk.Capacity)
		}
		words := []string{capacity, c.where(mk.Place)}
		if mk.Func != "" {
			words = append([]string{"by " + mk.Func}, words...)
		}
		parts = append(parts, strings.Join(words, ", "))
	}
	line("made", "%s", strings.Join(parts, "; "))
}

// list writes the uses of a kind. Those by the same function stand together.
func (c *Card) list(line func(what, format string, args ...any), what, none string, uses []Use) {
	if len(uses) == 0 {
		if none != "" && len(c.Hidden) == 0 {
			line(what, "%s", none)
		}
		return
	}
	var parts []string
	for i, u := range uses {
		if i == most {
			parts = append(parts, more(len(uses)-most))
			break
		}
		by := "by " + u.Func
		if i > 0 && uses[i-1].Func == u.Func {
			by = "again"
		}
		words := []string{by}
		if u.Func != "main" && len(u.By) > 0 && by != "again" {
			words[0] += " (" + strings.Join(u.By[:min(2, len(u.By))], ", ") + others(u.By) + ")"
		}
		for _, w := range []struct {
			is   bool
			word string
		}{{u.Deferred, "deferred"}, {u.Once, "once"}, {u.Select, "in a select"}, {u.Range, "by range"}, {u.Loop, "in a loop"}} {
			if w.is {
				words = append(words, w.word)
			}
		}
		parts = append(parts, strings.Join(append(words, c.where(u.Place)), ", "))
	}
	line(what, "%s", strings.Join(parts, "; "))
}

func others(names []string) string {
	if len(names) > 2 {
		return " and others"
	}
	return ""
}

// none lists what is not done to the channel and might be.
func (c *Card) none() string {
	var out []string
	if len(c.Closes) == 0 && (len(c.Sends) == 0 || c.Role == chanflow.RoleData || c.Role == chanflow.RoleSignal) {
		out = append(out, "closed")
	}
	if len(c.Sends) == 0 && len(c.Closes) == 0 {
		out = append(out, "sent to")
	}
	if len(c.Receives) == 0 {
		out = append(out, "received from")
	}
	return strings.Join(out, " or ")
}

// inSight limits what is said to what can be seen, if that is not all.
func (c *Card) inSight() string {
	if len(c.Hidden) > 0 || len(c.Makes) == 0 {
		return " in sight"
	}
	return ""
}

func (c *Card) notes(line func(what, format string, args ...any), what string, notes []Note) {
	for i, n := range notes {
		if i == most {
			line(what, "%s", more(len(notes)-most))
			return
		}
		line(what, "%s, %s", n.Text, c.where(n.Place))
	}
}

// where names a place.
func (c *Card) where(p Place) string {
	if p.File == c.Span.File {
		return fmt.Sprintf("line %d", p.Line)
	}
	return fmt.Sprintf("%s:%d", filepath.Base(p.File), p.Line)
}

func more(n int) string { return fmt.Sprintf("and %d more", n) }
