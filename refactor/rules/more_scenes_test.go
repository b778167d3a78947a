package rules_test

import "fmt"

// polled is a loop that sleeps until a goroutine has done something.
func (g *generator) polled() {
	name, condition, set, declare := g.fresh(flag), "!%s", "%s = true", "%s := false"
	if g.n(2) == 1 {
		condition, set, declare = "!%s.Load()", "%s.Store(true)", "var %s atomic.Bool"
	}
	g.line(declare, name)
	g.spawnLiteral(func() {
		g.noise()
		if g.n(4) == 3 {
			g.emit("if "+g.cond()+" {", []string{"return"}, "}")
		}
		g.line(set, name)
		g.noise()
	})
	g.noise()
	condition = fmt.Sprintf(condition, name)
	body := []string{"time.Sleep(" + g.d() + ")"}
	switch g.n(5) {
	case 0, 1, 2:
		g.emit("for "+condition+" {", body, "}")
	case 3:
		g.emit("for i := 0; i < 20 && "+condition+"; i++ {", body, "}")
	case 4:
		g.emit("for range 20 {", append([]string{"if " + condition + " {", "continue", "}"}, body...), "}")
	}
	g.line("fmt.Println(%d)", g.tag())
}

// spawnLiteral starts a literal that sees everything, in a statement or a group.
func (g *generator) spawnLiteral(write func()) {
	head, foot := "go func() {", "}()"
	if g.n(4) == 3 {
		head, foot = g.some(group).name+".Go(func() {", "})"
	}
	g.emit(head, g.body(g.visible(), write), foot)
}

// bare is a goroutine with a stop signal that its sends and receives ignore.
func (g *generator) bare() {
	ch := g.make(values)
	stop := g.make([]kind{signals, ctx}[g.n(2)])
	signal := func() string {
		if v := g.near(stop); v.kind == ctx {
			return v.name + ".Done()"
		}
		return stop.name
	}
	loop := g.n(3)
	g.spawnLiteral(func() {
		s := signal()
		g.near(ch)
		switch loop {
		case 0:
			g.emit("for i := range 3 {", append(g.inner(g.noise), ch.name+" <- i"), "}")
		case 1:
			g.line("for {")
			g.line("select {")
			g.line("case <-%s:", s)
			g.line("return")
			g.line("default:")
			g.line("}")
			g.line("%s <- %d", ch.name, g.tag())
			g.line("}")
		case 2:
			g.line("for {")
			g.line("select {")
			g.line("case <-%s:", s)
			g.line("return")
			g.line("case <-time.After(%s):", g.d())
			g.line("%s <- %d", ch.name, g.tag())
			g.line("}")
			g.line("}")
		}
		if loop == 0 {
			g.line("<-%s", s)
		}
	})
	for range 1 + g.n(2) {
		g.line("fmt.Println(<-%s)", ch.name)
	}
	ch.used, stop.used = true, true
	g.noise()
	if stop.kind == ctx {
		g.line("%s()", g.some(cancel).name)
	} else {
		g.line("close(%s)", stop.name)
	}
	if g.n(2) == 1 {
		g.line("time.Sleep(%s)", g.d())
	}
}

// told sends where several goroutines listen.
func (g *generator) told() {
	quit := g.make(signals)
	quit.used = true
	listen := func() {
		g.spawnLiteral(func() {
			q := g.near(quit)
			switch g.n(3) {
			case 0:
				g.line("<-%s", q.name)
			case 1:
				g.line("select {")
				g.line("case <-%s:", q.name)
				g.line("case <-time.After(%s):", g.d())
				g.line("}")
			case 2:
				g.line("for {")
				g.line("select {")
				g.line("case <-%s:", q.name)
				g.line("return")
				g.line("case <-time.After(%s):", g.d())
				g.lines = append(g.lines, g.inner(g.noise)...)
				g.line("}")
				g.line("}")
			}
			g.noise()
		})
	}
	if g.n(2) == 1 {
		g.emit("for range 2 {", g.inner(listen), "}")
	} else {
		listen()
		listen()
	}
	g.noise()
	for range 1 + g.n(2) {
		g.line("%s <- struct{}{}", quit.name)
	}
	g.noise()
}

// deaf sleeps in a loop although something tells it to stop.
func (g *generator) deaf() {
	c := g.make(ctx)
	n := g.make(number)
	n.used = true
	g.spawnLiteral(func() {
		name := g.near(c).name
		g.line("for {")
		switch g.n(2) {
		case 0:
			g.line("select {")
			g.line("case <-%s.Done():", name)
			g.line("return")
			g.line("default:")
			g.line("}")
		case 1:
			g.line("if %s.Err() != nil {", name)
			g.line("return")
			g.line("}")
		}
		g.line("%s++", n.name)
		g.lines = append(g.lines, g.inner(g.noise)...)
		g.line("time.Sleep(%s)", g.d())
		g.line("}")
	})
	g.noise()
	g.line("time.Sleep(%s)", g.d())
	g.line("%s()", g.some(cancel).name)
	if g.n(2) == 1 {
		g.line("time.Sleep(%s)", g.d())
	}
	g.use(n)
}

// completion closes a channel, or counts down, at the end of a goroutine.
func (g *generator) completion() {
	v := g.effect()
	if g.n(3) == 1 {
		wg := g.make(group)
		wg.used = true
		g.line("%s.Add(1)", wg.name)
		g.emit("go func() {", g.body(g.visible(), func() {
			g.noise()
			g.write(v)
			g.leave()
			g.noise()
			g.line("%s.Done()", wg.name)
			if g.n(5) == 4 {
				g.one()
			}
		}), "}()")
		g.noise()
		g.line("%s.Wait()", wg.name)
		g.use(v)
		return
	}
	done := g.make(signals)
	g.spawn(func() {
		g.noise()
		g.write(v)
		g.leave()
		g.noise()
		g.line("close(%s)", g.near(done).name)
		if g.n(5) == 4 {
			g.one()
		}
	})
	g.noise()
	done.used = true
	if g.n(4) == 3 {
		g.line("select {")
		g.line("case <-%s:", done.name)
		g.line("case <-time.After(%s):", g.d())
		g.line("}")
	} else {
		g.line("<-%s", done.name)
	}
	g.use(v)
}

// gate lets several goroutines go at once.
func (g *generator) gate() {
	gate := g.make(signals)
	wg := g.make(group)
	g.emit("for range 3 {", g.inner(func() {
		g.spawn(func() {
			if g.n(3) == 1 {
				g.noise()
			}
			g.line("<-%s", g.near(gate).name)
			g.noise()
		})
	}), "}")
	if g.n(2) == 1 {
		g.noise()
	}
	g.line("time.Sleep(%s)", g.d())
	gate.used, wg.used = true, true
	g.line("close(%s)", gate.name)
	g.line("%s.Wait()", wg.name)
}

// rendezvous is a sleep before a send or receive that waits anyway.
func (g *generator) rendezvous() {
	ch := g.make(values)
	ch.used = true
	sends := g.n(2) == 1
	g.spawn(func() {
		if g.n(3) == 1 {
			g.noise()
		}
		in := g.near(ch)
		switch {
		case sends:
			g.line("%s <- %d", in.name, g.tag())
		case g.n(2) == 1:
			g.emit("for v := range "+in.name+" {", []string{fmt.Sprintf("fmt.Println(%d, v)", g.tag())}, "}")
		default:
			g.line("fmt.Println(<-%s)", in.name)
		}
		g.noise()
	})
	g.noise()
	g.line("time.Sleep(%s)", g.d())
	if sends {
		g.line("fmt.Println(<-%s)", ch.name)
	} else {
		g.line("%s <- %d", ch.name, g.tag())
		if g.n(2) == 1 {
			g.line("close(%s)", ch.name)
		}
	}
	g.noise()
}
