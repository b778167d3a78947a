package rules_test

import "fmt"

// typed is a type with a goroutine, and its use.
func (g *generator) typed() {
	g.names["server"]++
	name := fmt.Sprintf("server%d%s", g.names["server"], suffix)
	add := func(format string, args ...any) { g.top = append(g.top, fmt.Sprintf(format, args...)) }
	inConstructor, locked, group := g.n(3) == 1, g.n(3), g.n(4) == 3
	byContext := g.n(5) == 4
	add("type %s struct {", name)
	if g.comments > 0 {
		add("// mu protects n.")
	}
	add("mu sync.Mutex")
	if byContext {
		add("ctx context.Context\nstop context.CancelFunc")
	} else {
		add("stop chan struct{} // tells it to stop")
	}
	add("in chan int\nn int")
	add("}\n")
	made := "stop: make(chan struct{}), in: make(chan int)"
	if byContext {
		made = "in: make(chan int)"
	}
	signal, tell := "s.stop", "close(s.stop)"
	if byContext {
		signal, tell = "s.ctx.Done()", "s.stop()"
	}
	small := func(lock bool) string {
		switch g.n(10) {
		case 0:
			return fmt.Sprintf("fmt.Println(%d)", g.tag())
		case 1:
			return "s.n++"
		case 2:
			if lock {
				return "s.mu.Lock()\ns.n++\ns.mu.Unlock()"
			}
		case 3:
			return "select {\ncase v := <-s.in:\nfmt.Println(v)\ndefault:\n}"
		case 4:
			return "if " + g.cond() + " {\nreturn\n}"
		case 5:
			if g.n(3) == 2 {
				return "s.in <- 1"
			}
		case 6:
			if g.n(3) == 2 && lock {
				return "s.Stop()"
			}
		case 7:
			return fmt.Sprintf("defer fmt.Println(%d)", g.tag())
		case 8:
			return "time.Sleep(" + g.d() + ")"
		}
		return "runtime.Gosched()"
	}
	start := func() {
		spawned := "go s.run()"
		switch g.n(5) {
		case 3:
			spawned = "go func() {\ns.run()\n}()"
		case 4:
			spawned = "for range 2 {\ngo s.run()\n}"
		}
		if group {
			spawned = "go s.run()\ngo s.other()"
		}
		if g.n(6) == 5 {
			spawned = "if " + g.cond() + " {\n" + spawned + "\n}"
		}
		add("%s", spawned)
	}
	add("func new%s() *%s {", name, name)
	add("s := &%s{%s}", name, made)
	if byContext {
		add("s.ctx, s.stop = context.WithCancel(context.Background())")
	}
	if inConstructor {
		start()
	}
	add("return s\n}\n")
	if !inConstructor {
		add("func (s *%s) Start() {", name)
		if g.n(3) == 1 {
			add("%s", small(true))
		}
		start()
		if g.n(3) == 1 {
			add("%s", small(true))
		}
		add("}\n")
	}
	add("func (s *%s) run() {", name)
	if g.n(2) == 1 {
		add("%s", small(true))
	}
	add("s.n = 1")
	add("for {\nselect {\ncase <-%s:", signal)
	if g.n(2) == 1 {
		add("%s", small(true))
	}
	add("return")
	if g.n(2) == 1 {
		add("case v := <-s.in:\nfmt.Println(%d, v)", g.tag())
	}
	add("case <-time.After(%s):", g.d())
	add("%s", small(true))
	add("}\n}\n}\n")
	if group {
		add("func (s *%s) other() {", name)
		if g.n(2) == 1 {
			add("%s", small(true))
		}
		add("<-%s\n%s\n}\n", signal, small(true))
	}
	add("func (s *%s) Stop() {", name)
	switch locked {
	case 1:
		add("s.mu.Lock()\ndefer s.mu.Unlock()")
	case 2:
		add("s.mu.Lock()")
	}
	if g.n(3) == 1 {
		add("%s", small(false))
	}
	if g.n(5) == 4 {
		add("if %s {\n%s\n}", g.cond(), tell)
	} else {
		add("%s", tell)
	}
	if locked == 2 {
		add("s.mu.Unlock()")
	}
	if g.n(3) == 1 {
		add("%s", small(false))
	}
	add("}\n")

	s := g.fresh(state)
	g.line("%s := new%s()", s, name)
	if g.n(5) == 4 {
		g.line("%s.Stop()", s)
	}
	if g.n(6) == 5 {
		g.line("defer %s.Stop()", s)
	}
	if !inConstructor && g.n(6) != 5 {
		g.line("%s.Start()", s)
	}
	g.noise()
	if g.n(3) != 2 {
		g.line("time.Sleep(%s)", g.d())
	}
	g.line("fmt.Println(%d, %s.n)", g.tag(), s)
	if g.n(4) != 3 {
		g.line("%s.Stop()", s)
		if g.n(2) == 1 {
			g.line("time.Sleep(%s)", g.d())
		}
		g.line("fmt.Println(%d, %s.n)", g.tag(), s)
	}
}
