package rules_test

import (
	"fmt"
	"go/format"
	"regexp"
	"slices"
	"strings"
)

// A program is one generated Go file that type-checks and, usually, runs to its
// end. Names at the top level contain suffix, so that many programs can be
// compiled as one.
type program struct {
	name  string // of the file
	src   []byte
	entry string // a call that runs it: "main()", "TestQ0Q(t)"
}

const suffix = "Q0Q"

type kind int

const (
	number  kind = iota // int
	flag                // bool
	state               // *stateQ0Q
	signals             // chan struct{}
	values              // chan int
	lock                // *sync.Mutex
	group               // *sync.WaitGroup
	ctx                 // context.Context
	cancel              // context.CancelFunc
	handle              // *testing.T
)

var typeNames = [...]string{"int", "bool", "*state" + suffix, "chan struct{}", "chan int", "*sync.Mutex", "*sync.WaitGroup", "context.Context", "context.CancelFunc", "*testing.T"}

// A variable is in scope; pointer says whether the name is of a pointer.
type variable struct {
	name    string
	kind    kind
	pointer bool
	used    bool
	declare int // number of the line that declares it
}

// A generator makes a program of bytes: each decides one thing, so that a byte
// that changes changes one thing, mostly.
type generator struct {
	in       []byte
	lines    []string
	top      []string // finished declarations
	names    map[string]int
	comments byte // how likely a comment is
	count    int
	depth    int
	scope    []*variable
	where    situation
	oneLine  bool
	holds    bool   // a lock
	back     string // what returns from the function
}

// situation is what kind of body is being written.
type situation int

const (
	inMain situation = iota
	inGoroutine
)

func (g *generator) byte() byte {
	if len(g.in) == 0 {
		return 0
	}
	b := g.in[0]
	g.in = g.in[1:]
	return b
}

func (g *generator) n(n int) int { return int(g.byte()) % n }

// rarely is true for one byte of n, and not when the bytes have run out.
func (g *generator) rarely(n int) bool { return int(g.byte())%n == n-1 }

func generate(in []byte) program {
	g := &generator{in: in, names: make(map[string]int), back: "return"}
	style := g.byte()
	if style&1 != 0 {
		g.comments = 1 + g.byte()%80
	}
	g.oneLine = style&2 != 0
	p := program{}
	head := ""
	switch g.n(4) {
	case 0, 1:
		p.name, p.entry, head = "/p/p_test.go", "Test"+suffix+"(t)", "func Test"+suffix+"(t *testing.T) {"
		g.scope = append(g.scope, &variable{name: "t", kind: handle, used: true, declare: -1})
	case 2:
		p.name, p.entry, head = "/p/main.go", "main()", "func main() {"
	case 3:
		p.name, p.entry, head = "/p/p.go", "Run"+suffix+"()", "func Run"+suffix+"() error {"
		g.back = "return nil"
	}
	scenes := []func(){g.started, g.finished, g.stopping, g.typed, g.reply, g.completion, g.gate, g.rendezvous, g.polled, g.bare, g.told, g.deaf, g.noise, g.noise}
	for range 1 + g.n(3) {
		scenes[g.n(len(scenes))]()
		g.noise()
	}
	if g.rarely(4) {
		scenes[g.n(len(scenes))]()
	}
	if p.entry == "Run"+suffix+"()" {
		g.line("return nil")
	}
	body := g.finish()
	var all []string
	all = append(all, head)
	all = append(all, body...)
	all = append(all, "}", "")
	all = append(all, g.top...)
	text := strings.Join(all, "\n") + "\n"
	if strings.Contains(text, "state"+suffix) {
		text += "type state" + suffix + " struct {\n\tn int // a count\n\tok bool\n\tmu sync.Mutex\n}\n"
	}
	pkg := "p"
	if p.entry == "main()" {
		pkg = "main"
	}
	src := "package " + pkg + "\n\n" + importsOf(text) + "\n" + text
	if style&4 == 0 {
		if out, err := format.Source([]byte(src)); err == nil {
			src = string(out)
		}
	}
	if style&8 != 0 && style&16 != 0 {
		src = strings.ReplaceAll(src, "\n", "\r\n")
	}
	p.src = []byte(src)
	return p
}

// importsOf returns the import declaration that a text needs.
func importsOf(text string) string {
	var b strings.Builder
	b.WriteString("import (\n")
	for _, path := range []string{"context", "errors", "fmt", "log", "os", "runtime", "sync", "sync/atomic", "testing", "time"} {
		if regexp.MustCompile(`\b` + path[strings.LastIndex(path, "/")+1:] + `\.`).MatchString(text) {
			fmt.Fprintf(&b, "\t%q\n", path)
		}
	}
	b.WriteString(")\n")
	return b.String()
}

// line adds a line of code, perhaps with comments.
func (g *generator) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if g.comments > 0 && g.byte() < g.comments {
		g.count++
		c := fmt.Sprintf("c%d", g.count)
		switch g.n(5) {
		case 0:
			g.lines = append(g.lines, "// "+c)
		case 1:
			text += " // " + c
		case 2:
			text = "/* " + c + " */ " + text
		case 3:
			text = strings.Replace(text, "(", "( /* "+c+" */", 1)
		case 4:
			text += " /* " + c + " */"
		}
	}
	g.lines = append(g.lines, text)
}

// finish returns the lines and sees to variables that nobody uses.
func (g *generator) finish() []string {
	lines := g.lines
	for _, v := range slices.Backward(g.scope) {
		if !v.used && v.declare >= 0 {
			lines = slices.Insert(lines, min(v.declare, len(lines)), "_ = "+v.name)
		}
	}
	return lines
}

var pool = [...][]string{
	number: {"x", "n", "started", "total"}, flag: {"ok", "ready", "done"}, state: {"st", "s"},
	signals: {"stop", "quit", "done", "started", "stopped", "gate"}, values: {"ch", "in", "res", "ready"},
	lock: {"mu", "lock"}, group: {"wg", "workers"}, ctx: {"ctx"}, cancel: {"cancel"},
}

// fresh returns a name for a variable, often one that a fix would like.
func (g *generator) fresh(k kind) string {
	list := pool[k]
	name := list[g.n(len(list))]
	g.names[name]++
	if n := g.names[name]; n > 1 {
		name = fmt.Sprintf("%s%d", name, n)
	}
	return name
}

func (g *generator) declared(name string, k kind, pointer bool) *variable {
	v := &variable{name: name, kind: k, pointer: pointer, declare: len(g.lines)}
	g.scope = append(g.scope, v)
	return v
}

// make declares a new variable.
func (g *generator) make(k kind) *variable {
	name := g.fresh(k)
	switch k {
	case number:
		g.line([]string{"%s := 0", "var %s int"}[g.n(2)], name)
	case flag:
		g.line([]string{"%s := false", "var %s bool"}[g.n(2)], name)
	case state:
		g.line("%s := &state%s{}", name, suffix)
	case signals:
		g.line([]string{"%s := make(chan struct{})", "var %s = make(chan struct{})"}[g.n(2)], name)
	case values:
		g.line([]string{"%s := make(chan int)", "%s := make(chan int)", "%s := make(chan int, 1)", "%s := make(chan int, 2)"}[g.n(4)], name)
	case lock:
		g.line("%s := new(sync.Mutex)", name)
		return g.declared(name, k, true)
	case group:
		g.line("%s := new(sync.WaitGroup)", name)
		return g.declared(name, k, true)
	case ctx:
		c := g.fresh(cancel)
		g.line("%s, %s := context.WithCancel(context.Background())", name, c)
		v := g.declared(name, ctx, false)
		g.declared(c, cancel, false)
		return v
	}
	return g.declared(name, k, false)
}

// some returns a variable of a kind in scope, or makes one.
func (g *generator) some(k kind) *variable {
	var list []*variable
	for _, v := range g.scope {
		if v.kind == k {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		if k == handle {
			return nil
		}
		list = append(list, g.make(k))
	}
	v := list[g.n(len(list))]
	v.used = true
	return v
}

// has reports whether a variable of a kind is in scope.
func (g *generator) has(k kind) bool {
	return slices.ContainsFunc(g.scope, func(v *variable) bool { return v.kind == k })
}

// body writes a function body of its own and returns its lines. Its scope is
// what it sees of the one around it.
func (g *generator) body(sees []*variable, write func()) []string {
	lines, scope, where, back, holds := g.lines, g.scope, g.where, g.back, g.holds
	outside := len(sees)
	g.lines, g.scope, g.where, g.back = nil, slices.Clip(sees), inGoroutine, "return"
	g.holds = false
	g.depth++
	write()
	own := g.scope[outside:]
	g.scope = own
	out := g.finish()
	g.depth--
	g.lines, g.scope, g.where, g.back, g.holds = lines, scope, where, back, holds
	return out
}

// emit adds a header, a body and a footer: in one line where that goes.
func (g *generator) emit(head string, body []string, foot string) {
	if g.oneLine && len(body) <= 4 && !slices.ContainsFunc(body, func(l string) bool {
		return strings.HasSuffix(l, "{") || strings.HasSuffix(l, ":") || strings.Contains(l, ": /*") || strings.Contains(l, "//") || strings.HasPrefix(l, "}")
	}) {
		g.line("%s", head+" "+strings.Join(body, "; ")+" "+foot)
		return
	}
	g.line("%s", head)
	g.lines = append(g.lines, body...)
	g.line("%s", foot)
}

// spawn starts a goroutine in one of many ways.
func (g *generator) spawn(write func()) {
	form := g.n(8)
	switch form {
	default: // a literal that sees everything
		g.emit("go func() {", g.body(g.visible(), write), "}()")
	case 4: // a literal with parameters
		chans := g.only(signals, values)
		if len(chans) == 0 {
			g.emit("go func() {", g.body(g.visible(), write), "}()")
			return
		}
		v := chans[g.n(len(chans))]
		v.used = true
		body := g.body(g.visible(), write)
		g.emit("go func("+v.name+" "+typeNames[v.kind]+") {", body, "}("+v.name+")")
	case 5: // a named function
		params := g.only(signals, values, state, ctx, handle, lock, group)
		params = slices.DeleteFunc(params, func(v *variable) bool { return !v.pointer && (v.kind == lock || v.kind == group) })
		inner := make([]*variable, len(params))
		for i, v := range params {
			inner[i] = &variable{name: v.name, kind: v.kind, pointer: v.pointer, declare: -1}
		}
		body := g.body(inner, write)
		var list, args []string
		for i, v := range inner {
			if v.used {
				list = append(list, v.name+" "+typeNames[v.kind])
				args = append(args, v.name)
				params[i].used = true
			}
		}
		g.names["worker"]++
		name := fmt.Sprintf("worker%d%s", g.names["worker"], suffix)
		g.top = append(g.top, "func "+name+"("+strings.Join(list, ", ")+") {")
		g.top = append(g.top, body...)
		g.top = append(g.top, "}", "")
		g.line("go %s(%s)", name, strings.Join(args, ", "))
	case 6: // in a group
		wg := g.some(group)
		g.emit(wg.name+".Go(func() {", g.body(g.visible(), write), "})")
	case 7:
		wg := g.some(group)
		g.line("%s.Add(1)", wg.name)
		body := g.body(g.visible(), func() {
			g.line("defer %s.Done()", wg.name)
			write()
		})
		g.emit("go func() {", body, "}()")
	}
}

func (g *generator) visible() []*variable { return slices.Clone(g.scope) }

func (g *generator) only(kinds ...kind) (out []*variable) {
	for _, v := range g.scope {
		if slices.Contains(kinds, v.kind) {
			out = append(out, v)
		}
	}
	return out
}

// d returns a duration.
func (g *generator) d() string {
	return [...]string{"50 * time.Millisecond", "10 * time.Millisecond", "100 * time.Millisecond", "time.Second", "3 * time.Millisecond"}[g.n(5)]
}

// cond returns a condition that the rules cannot decide.
func (g *generator) cond() string { return fmt.Sprintf("len(os.Args) > %d", 1+g.n(4)) }
