package rules_test

import (
	"fmt"
	"slices"
	"strings"
)

// effect is something that a goroutine writes and others look at.
func (g *generator) effect() *variable {
	return g.make([]kind{number, flag, state}[g.n(3)])
}

func (g *generator) write(v *variable) {
	if !g.sees(v) { // a function that does not see it
		if !g.has(state) {
			g.line("fmt.Println(%d)", g.tag())
			return
		}
		v = g.some(state)
	}
	v = g.near(v)
	switch v.kind {
	case number:
		g.line([]string{"%s = 1", "%s++", "%s += 2"}[g.n(3)], v.name)
	case flag:
		g.line("%s = true", v.name)
	case state:
		g.line([]string{"%s.n = 1", "%s.ok = true"}[g.n(2)], v.name)
	}
}

// sees reports whether the variable is in scope, under its name.
func (g *generator) sees(v *variable) bool {
	return slices.ContainsFunc(g.scope, func(w *variable) bool { return w.name == v.name && w.kind == v.kind })
}

func (g *generator) tag() int { g.count++; return g.count }

// use looks at an effect.
func (g *generator) use(v *variable) {
	v.used = true
	text, bad := v.name, v.name+" == 0"
	switch v.kind {
	case flag:
		bad = "!" + v.name
	case state:
		text, bad = v.name+".n", v.name+".n != 1"
		if g.n(2) == 1 {
			text, bad = v.name+".ok", "!"+v.name+".ok"
		}
	}
	switch c := g.n(5); {
	case c == 0:
		g.line("fmt.Println(%d, %s)", g.tag(), text)
	case c == 1 && g.has(handle):
		g.some(handle)
		g.emit("if "+bad+" {", []string{fmt.Sprintf("t.Error(%q, %s)", "wrong", text)}, "}")
	case c == 2 && g.has(handle):
		g.some(handle)
		g.line("fmt.Println(%d, %s)", g.tag(), text)
		g.emit("if "+bad+" {", []string{`t.Fatal("wrong")`}, "}")
	case c == 3:
		g.emit("if "+bad+" {", []string{fmt.Sprintf("fmt.Println(%d)", g.tag())}, "}")
	default:
		g.line("fmt.Println(%d, %s)", g.tag(), text)
	}
}

// noise is anything, mostly harmless.
func (g *generator) noise() {
	for range []int{0, 0, 1, 1, 2}[g.n(5)] {
		g.one()
	}
}

func (g *generator) one() {
	if g.depth > 3 {
		g.line("runtime.Gosched()")
		return
	}
	switch g.n(24) {
	case 0, 1, 2:
		g.line("fmt.Println(%d)", g.tag())
	case 3:
		g.line("runtime.Gosched()")
	case 4:
		if g.holds {
			g.line("runtime.Gosched()")
			return
		}
		mu := g.some(lock)
		g.line("%s.Lock()", mu.name)
		g.line("fmt.Println(%d)", g.tag())
		g.line("%s.Unlock()", mu.name)
	case 5:
		if g.holds || g.depth > 0 && g.where == inMain {
			g.line("runtime.Gosched()")
			return
		}
		g.holds = true
		mu := g.some(lock)
		g.line("%s.Lock()", mu.name)
		g.line("defer %s.Unlock()", mu.name)
	case 6:
		g.line("time.Sleep(%s)", g.d())
	case 7:
		g.line("defer fmt.Println(%d)", g.tag())
	case 8:
		ch := g.some(values)
		g.line("select {")
		g.line("case v := <-%s:", ch.name)
		g.line("fmt.Println(%d, v)", g.tag())
		g.line("default:")
		g.line("}")
	case 9:
		ch := g.some(values)
		g.line("select {")
		g.line("case %s <- %d:", ch.name, g.tag())
		g.line("case <-time.After(%s):", g.d())
		g.line("}")
	case 10:
		g.emit("if "+g.cond()+" {", g.inner(g.one), "}")
	case 11:
		back := g.back
		g.back = "return"
		g.emit("func() {", g.inner(g.one), "}()")
		g.back = back
	case 12:
		g.emit("for range 2 {", g.inner(g.one), "}")
	case 13:
		g.emit("{", g.inner(g.one), "}")
	case 14:
		g.leave()
	case 15:
		ch := g.some(values)
		if g.where == inGoroutine {
			g.line("%s <- %d", ch.name, g.tag())
		} else {
			g.line("fmt.Println(<-%s)", ch.name)
		}
	case 16:
		s := g.some(signals)
		if g.where == inGoroutine {
			g.line("<-%s", s.name)
		} else {
			g.line("close(%s)", s.name)
		}
	case 17:
		wg := g.some(group)
		g.line([]string{"%s.Wait()", "defer %s.Wait()"}[g.n(2)], wg.name)
	case 18:
		if !g.has(ctx) {
			g.make(ctx)
		}
		if g.has(cancel) {
			g.line([]string{"%s()", "defer %s()"}[g.n(2)], g.some(cancel).name)
		}
	case 19:
		if g.holds {
			g.line("runtime.Gosched()")
			return
		}
		mu := g.some(lock)
		g.line("%s.Lock()", mu.name)
		g.holds = true
		g.one()
		g.holds = false
		g.line("%s.Unlock()", mu.name)
	case 20:
		g.spawn(g.noise)
	case 21:
		g.line("switch {")
		g.line("case %s:", g.cond())
		g.lines = append(g.lines, g.inner(g.one)...)
		g.line("default:")
		g.line("}")
	case 22:
		v := g.some(state)
		g.line("%s.mu.Lock()", v.name)
		g.write(v)
		g.line("%s.mu.Unlock()", v.name)
	case 23:
		k := g.tag()
		g.line("L%d:", k)
		g.emit("for range 1 {", append(g.inner(g.one), fmt.Sprintf("continue L%d", k)), "}")
	}
}

// inner writes a nested block of the same function.
func (g *generator) inner(write func()) []string {
	lines, scope := g.lines, g.scope
	outside := len(scope)
	g.lines, g.scope = nil, slices.Clone(scope)
	g.depth++
	write()
	g.scope = g.scope[outside:]
	out := g.finish()
	g.depth--
	g.lines, g.scope = lines, scope
	return out
}

// leave ends the function, or the goroutine, on some condition.
func (g *generator) leave() {
	var how []string
	if g.where == inGoroutine {
		how = []string{"return", "return", "runtime.Goexit()"}
	} else {
		how = []string{g.back}
	}
	if g.has(handle) {
		how = append(how, `t.Fatal("early")`, "t.FailNow()")
	}
	chosen := how[g.n(len(how))]
	if strings.HasPrefix(chosen, "t.") {
		g.some(handle)
	}
	g.emit("if "+g.cond()+" {", []string{chosen}, "}")
}

// resident makes the goroutine stay, until one of what it returns is used.
func (g *generator) resident(stop *variable) {
	switch g.n(7) {
	case 0, 1:
		g.line("<-%s", g.near(stop).name)
	case 2:
		g.emit("for v := range "+g.some(values).name+" {", []string{fmt.Sprintf("fmt.Println(%d, v)", g.tag())}, "}")
	case 3, 4:
		signal := g.near(stop).name
		var ch *variable
		if g.n(2) == 1 {
			ch = g.some(values)
		}
		g.line("for {")
		g.line("select {")
		g.line("case <-%s:", signal)
		g.lines = append(g.lines, g.inner(func() {
			if g.n(2) == 1 {
				g.one()
			}
			g.line("return")
		})...)
		if ch != nil {
			g.line("case v := <-%s:", ch.name)
			g.line("fmt.Println(%d, v)", g.tag())
		}
		g.line("case <-time.After(%s):", g.d())
		g.lines = append(g.lines, g.inner(g.noise)...)
		g.line("}")
		g.line("}")
	case 5:
		signal := g.near(stop).name
		g.line("select {")
		g.line("case <-%s:", signal)
		g.line("case <-time.After(5 * time.Second):")
		g.line("}")
	case 6:
		g.line("%s <- %d", g.some(values).name, g.tag())
	}
}

// near returns the variable if it is in scope, or else another like it.
func (g *generator) near(v *variable) *variable {
	if g.sees(v) {
		for _, w := range g.scope {
			if w.name == v.name {
				w.used = true
				return w
			}
		}
	}
	return g.some(v.kind)
}

func (g *generator) near2(k kind) *variable { return g.some(k) }

// started is a sleep that waits for the set-up of a goroutine that stays.
func (g *generator) started() {
	v := g.effect()
	stop := g.make(signals)
	if g.n(3) == 1 {
		g.make(values)
	}
	g.noise()
	g.spawn(func() {
		if g.n(3) == 1 {
			g.noise()
		}
		g.write(v)
		g.noise()
		g.resident(stop)
		if g.n(3) == 1 {
			g.noise()
		}
	})
	g.noise()
	g.line("time.Sleep(%s)", g.d())
	if g.n(4) == 1 {
		g.noise()
	}
	g.use(v)
	g.noise()
	g.release(stop)
}

// release ends what waits for a signal.
func (g *generator) release(stop *variable) {
	switch stop.used = true; g.n(5) {
	case 0, 1, 2:
		g.line("close(%s)", stop.name)
	case 3:
		g.line("defer close(%s)", stop.name)
	case 4:
		g.emit("if "+g.cond()+" {", []string{"close(" + stop.name + ")"}, "}")
	}
}

// finished is a sleep that waits for work to be done.
func (g *generator) finished() {
	v := g.effect()
	loop := g.n(4) == 1
	work := func() {
		g.spawn(func() {
			g.noise()
			g.write(v)
			g.noise()
		})
	}
	g.noise()
	if loop {
		g.emit("for range 3 {", g.inner(work), "}")
	} else {
		work()
		if g.n(4) == 1 {
			work()
		}
	}
	g.noise()
	g.line("time.Sleep(%s)", g.d())
	g.use(v)
}

// stopping tells a goroutine to stop, and guesses that it has.
func (g *generator) stopping() {
	v := g.effect()
	var stop *variable
	if g.n(4) == 1 {
		stop = g.make(ctx)
	} else {
		stop = g.make(signals)
	}
	g.spawn(func() {
		if g.n(3) == 1 {
			g.noise()
		}
		s := g.near(stop).name
		if stop.kind == ctx {
			s += ".Done()"
		}
		g.line("for {")
		g.line("select {")
		g.line("case <-%s:", s)
		g.lines = append(g.lines, g.inner(func() {
			g.write(v)
			g.noise()
			g.line("return")
		})...)
		g.line("case <-time.After(%s):", g.d())
		g.lines = append(g.lines, g.inner(func() { g.write(v); g.noise() })...)
		g.line("}")
		g.line("}")
	})
	g.noise()
	if g.n(2) == 1 {
		g.line("time.Sleep(%s)", g.d())
	}
	stop.used = true
	if stop.kind == ctx {
		g.line("%s()", g.some(cancel).name)
	} else {
		g.line("close(%s)", stop.name)
	}
	if g.n(3) != 2 {
		g.line("time.Sleep(%s)", g.d())
	}
	g.use(v)
}

// reply asks a goroutine and perhaps leaves before it answers.
func (g *generator) reply() {
	res := g.make(values)
	g.spawn(func() {
		g.noise()
		ch := g.near(res)
		if g.n(4) == 1 {
			g.emit("if "+g.cond()+" {", []string{fmt.Sprintf("%s <- %d", ch.name, g.tag()), "return"}, "}")
		}
		g.line("%s <- %d", ch.name, g.tag())
		if g.n(3) == 1 {
			g.noise()
		}
		if g.n(6) == 5 {
			g.line("close(%s)", ch.name)
		}
	})
	res.used = true
	switch g.n(6) {
	case 0, 1:
		bounded := g.n(3) == 1
		var c *variable
		if bounded {
			c = g.some(ctx)
		}
		g.line("select {")
		g.line("case v := <-%s:", res.name)
		g.line("fmt.Println(%d, v)", g.tag())
		if bounded {
			g.line("case <-%s.Done():", c.name)
		} else {
			g.line("case <-time.After(%s):", g.d())
		}
		g.lines = append(g.lines, g.inner(g.noise)...)
		g.line("}")
	case 2, 3:
		g.leave()
		g.line("fmt.Println(<-%s)", res.name)
	case 4:
		g.line("select {")
		g.line("case v := <-%s:", res.name)
		g.line("fmt.Println(%d, v)", g.tag())
		g.line("default:")
		g.line("}")
	case 5:
		g.noise()
	}
}
