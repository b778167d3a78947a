package extractworker

import (
	"errors"
	"fmt"
	"go/ast"
	"strconv"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/rules/nostop"
)

// A worker is the type that is written.
type worker struct {
	*captured
	name, title                       string // worker, Worker
	recv                              string
	run                               string
	starting, stopping, stop, stopped string
	sync                              string
}

// choose finds names that mean nothing else.
func (w *worker) choose(b *edit.Builder, pkg *refactor.Package, e *chanflow.Endless) error {
	lit := e.Spawn.Lit()
	f := pkg.FileOf(lit.Pos())
	used := make(map[string]bool)
	ast.Inspect(e.Spawn.Fn.Top().Decl, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			used[id.Name] = true
		}
		return true
	})
	taken := func(name string) bool {
		return used[name] || pkg.Types.Scope().Lookup(name) != nil || pkg.Info.Scopes.Of(f.Syntax).Lookup(name) != nil
	}
	for i := 1; ; i++ {
		n := ""
		if i > 1 {
			n = strconv.Itoa(i)
		}
		if w.name, w.title = "worker"+n, "Worker"+n; !taken(w.name) && !taken("new"+w.title) {
			break
		}
	}
	fields := make(map[string]bool)
	pick := func(names ...string) string {
		for i := 2; ; i++ {
			for _, name := range names {
				if !fields[name] {
					fields[name] = true
					return name
				}
			}
			names = append(names, names[0]+strconv.Itoa(i))
		}
	}
	for i := range w.fields {
		v := &w.fields[i]
		v.name = pick(v.obj.Name())
		typ, err := b.TypeName(lit, v.obj.Type())
		if err != nil {
			return err
		}
		v.typ = typ
	}
	fields["Start"], fields["Stop"] = true, true
	w.starting, w.stopping, w.stop, w.stopped = pick("starting"), pick("stopping"), pick("stop"), pick("stopped")
	w.run = pick("run", "loop")
	for _, name := range []string{"w", "wk", "runner"} {
		if w.recv = name; !used[name] {
			return nil
		}
	}
	return errors.New("there is no name left for the receiver")
}

// body returns the block of the method run: that of the literal, in which fields
// stand for variables and each wait heeds the stop channel.
func (w *worker) body(pkg *refactor.Package, e *chanflow.Endless) (string, error) {
	if w.raw {
		return "", errors.New("a string of several lines would be moved")
	}
	lit := e.Spawn.Lit()
	b := edit.New(pkg)
	for _, id := range w.uses {
		b.Replace(id.Pos(), id.End(), w.recv+"."+w.field(pkg.Info.Uses.Of(id)).name)
	}
	b.InsertFirst(lit.Body, fmt.Sprintf("defer close(%s.%s)", w.recv, w.stopped))
	if err := nostop.Listen(b, pkg, e, w.recv+"."+w.stop); err != nil {
		return "", err
	}
	edits, err := b.Edits()
	if err != nil {
		return "", err
	}
	f := pkg.FileOf(lit.Pos())
	start, end := f.Tok.Offset(lit.Body.Pos()), f.Tok.Offset(lit.Body.End())
	changed := end
	for _, e := range edits {
		if e.Start < start || e.End > end {
			return "", errors.New("the loop cannot be changed alone")
		}
		changed += len(e.New) - (e.End - e.Start)
	}
	src, err := refactor.Apply(f.Src, edits)
	if err != nil {
		return "", err
	}
	text := strings.ReplaceAll(string(src[start:changed]), "\r\n", "\n")
	return strings.ReplaceAll(text, "\n"+indentation(pkg, lit), "\n"), nil
}

// declare returns the type with its methods.
func (w *worker) declare(body string) string {
	var fields, params, values []string
	for _, f := range w.fields {
		fields = append(fields, "\t"+f.name+" "+f.typ+"\n")
		params = append(params, f.obj.Name()+" "+f.typ)
		values = append(values, "\t\t"+f.name+": "+f.obj.Name()+",\n")
	}
	if len(fields) > 0 {
		fields = append(fields, "\n")
	}
	return strings.NewReplacer(
		"NAME", w.name, "TITLE", w.title, "RECV", w.recv, "SYNC", w.sync, "LOOP", w.run, "BODY", body,
		"STARTING", w.starting, "STOPPING", w.stopping, "STOPPED", w.stopped, "STOPSIGNAL", w.stop,
		"FIELDS\n", strings.Join(fields, ""), "PARAMS", strings.Join(params, ", "), "VALUES\n", strings.Join(values, ""),
	).Replace(declaration)
}

// declaration is the snippet hsworker around fields and a loop.
const declaration = `// NAME runs one goroutine from Start until Stop.
//
// Start spawns the goroutine, the first time only. Stop tells it to stop and
// returns when it has. Both may be called repeatedly and concurrently; a Stop
// before Start makes Start do nothing. The goroutine itself must not call Stop:
// it would wait for itself.
type NAME struct {
FIELDS
	STARTING SYNC.Once
	STOPPING SYNC.Once
	STOPSIGNAL chan struct{} // closed by Stop
	STOPPED chan struct{} // closed when the goroutine has ended or can never start
}

// newTITLE returns a NAME that is not started yet.
func newTITLE(PARAMS) *NAME {
	return &NAME{
VALUES
		STOPSIGNAL: make(chan struct{}),
		STOPPED: make(chan struct{}),
	}
}

// Start spawns the goroutine, unless it was started or stopped before.
func (RECV *NAME) Start() {
	RECV.STARTING.Do(func() { go RECV.LOOP() })
}

// Stop tells the goroutine to stop and waits until it has.
func (RECV *NAME) Stop() {
	RECV.STOPPING.Do(func() { close(RECV.STOPSIGNAL) })
	RECV.STARTING.Do(func() { close(RECV.STOPPED) }) // never started: nothing to wait for
	<-RECV.STOPPED
}

func (RECV *NAME) LOOP() BODY`

// indentation returns the white space at the start of the line of a node.
func indentation(pkg *refactor.Package, n ast.Node) string {
	f := pkg.FileOf(n.Pos())
	at := f.Tok.Offset(n.Pos())
	line := string(f.Src[strings.LastIndexByte(string(f.Src[:at]), '\n')+1 : at])
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// hang indents all lines but the first.
func hang(code, by string) string { return strings.ReplaceAll(code, "\n", "\n"+by) }
