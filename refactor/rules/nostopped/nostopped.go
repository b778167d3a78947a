// Package nostopped finds goroutines that are told to stop while nobody waits
// until they have.
package nostopped

import (
	_ "embed"
	"fmt"
	"go/ast"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule is the rule.
var Rule = &refactor.Rule{Name: "nostopped", Doc: readme, Severity: refactor.Info, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var out []refactor.Finding
	reported := make(map[*chanflow.Spawn]map[*chanflow.Func]bool)
	for _, st := range m.Stops() {
		c := m.TypeStop(st)
		if c == nil {
			if c = m.LocalStop(st); c == nil || c.Seen == nil {
				continue
			}
		} else if m.SleepsBehind(c) != nil {
			continue // sleepstop's
		}
		sp, fn := c.Leaves[0].Spawn, st.Op.Fn
		if reported[sp] == nil {
			reported[sp] = make(map[*chanflow.Func]bool)
		}
		if !reported[sp][fn] {
			reported[sp][fn] = true
			out = append(out, finding(pkg, c))
		}
	}
	return out
}

func finding(pkg *refactor.Package, c *chanflow.Confirmation) refactor.Finding {
	signal := c.Stop.Op.Node
	f := refactor.Finding{
		Span:    pkg.Span(signal.Pos(), signal.End()),
		Message: message(pkg, c),
		Related: Related(pkg, c),
	}
	title := Title(c)
	if c.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: c.Withheld}}
		return f
	}
	f.Fixes = []refactor.Fix{{
		Title:  title,
		Safety: refactor.Review,
		Reason: Reason(c),
		Make: func() ([]refactor.Edit, error) {
			b := edit.New(pkg)
			if err := Confirm(b, pkg, c, func(code string) { b.InsertAfter(c.After, code) }); err != nil {
				return nil, err
			}
			return b.Edits()
		},
	}}
	return f
}

// longest is how long a message may be.
const longest = 100

func message(pkg *refactor.Package, c *chanflow.Confirmation) string {
	who := "its goroutine has"
	if several(c) {
		who = "its goroutines have"
	}
	if c.Type != nil {
		msg := fmt.Sprintf("%s returns before %s stopped", c.Stop.Op.Fn.Name(), who)
		if len(msg) > longest {
			msg = fmt.Sprintf("%s returns before %s stopped", c.Stop.Op.Fn.Decl.Name.Name, who)
		}
		return msg
	}
	text := pkg.FileOf(c.Stop.Op.Node.Pos()).Text(c.Stop.Op.Node.Pos(), c.Stop.Op.Node.End())
	msg := fmt.Sprintf("%s does not wait until the goroutine has stopped: %s", text, seen(pkg, c))
	if len(msg) > longest {
		msg = "nobody waits until the goroutine has stopped: " + seen(pkg, c)
	}
	if len(msg) > longest {
		msg = "nobody waits until the goroutine has stopped"
	}
	return msg
}

// seen says how the missing wait shows.
func seen(pkg *refactor.Package, c *chanflow.Confirmation) string {
	if _, ok := c.Seen.(*ast.BlockStmt); ok {
		return c.SeenWhy
	}
	text := pkg.FileOf(c.Seen.Pos()).Text(c.Seen.Pos(), c.Seen.End())
	return text + " " + c.SeenWhy
}

func several(c *chanflow.Confirmation) bool {
	return len(c.Leaves) > 1 || c.Leaves[0].Spawn.Loop() != nil
}

// Related points at the goroutines, where they leave, and where it shows.
func Related(pkg *refactor.Package, c *chanflow.Confirmation) []refactor.Related {
	var out []refactor.Related
	add := func(n ast.Node, message string) {
		span := pkg.Span(n.Pos(), n.End())
		out = append(out, refactor.Related{Span: span, Message: message})
	}
	for _, l := range c.Leaves {
		add(l.Spawn.Call, "the goroutine starts here")
		if r, ok := l.Op.Node.(*ast.RangeStmt); ok {
			add(r.X, "it leaves when this is closed")
		} else {
			add(l.Op.Node, "it leaves here")
		}
	}
	if c.Seen != nil {
		if _, ok := c.Seen.(*ast.BlockStmt); !ok {
			add(c.Seen, c.SeenWhy)
		}
	}
	return out
}

// Title names the fix.
func Title(c *chanflow.Confirmation) string {
	switch {
	case several(c):
		return "Wait for the goroutines with sync.WaitGroup"
	case c.Group:
		return "Wait for the goroutine with sync.WaitGroup"
	}
	return "Add stopped channel and wait for it"
}

// Reason says what to look at before the fix is applied.
func Reason(c *chanflow.Confirmation) string {
	who := "goroutine has"
	if several(c) {
		who = "goroutines have"
	}
	if c.Type != nil {
		return fmt.Sprintf("%s now blocks until the %s returned", c.Stop.Op.Fn.Decl.Name.Name, who)
	}
	return fmt.Sprintf("now blocks until the %s returned", who)
}
