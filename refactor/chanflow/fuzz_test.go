package chanflow_test

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// FuzzIllTyped damages a file of the Go distribution, statement by statement
// and token by token, and asks the model everything. An editor shows it such
// code all the time: no question may panic. What the answers are worth on code
// with errors is not looked at.
func FuzzIllTyped(f *testing.F) {
	s := standard(f)
	files := goFiles(f)
	for i := range uint16(len(files)) {
		if i%7 == 0 {
			f.Add(i, []byte{byte(i), 3, byte(i * 31), byte(i >> 3), 1, byte(i * 17)})
		}
	}
	f.Fuzz(func(t *testing.T, file uint16, edits []byte) {
		if len(edits) > 3*20 {
			t.Skip()
		}
		src, err := os.ReadFile(files[int(file)%len(files)])
		if err != nil {
			t.Fatal(err)
		}
		for ; len(edits) >= 3; edits = edits[3:] {
			src = damage(src, edits[0], int(edits[1])<<8|int(edits[2]))
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "f.go", src, parser.PackageClauseOnly); err != nil {
			t.Skip()
		}
		askAll(check("p", s, source{"f.go", src}))
	})
}

// goFiles returns small files of the Go distribution that are full of
// goroutines and channels, or of the language's odd corners.
var goFiles = func() func(testing.TB) []string {
	find := sync.OnceValue(func() []string {
		var out []string
		for _, pattern := range []string{
			"src/runtime/testdata/testgoroutineleakprofile/goker/*.go",
			"src/runtime/testdata/testgoroutineleakprofile/*.go",
			"src/sync/*_test.go", "src/context/*.go", "src/time/*_test.go", "src/testing/synctest/*_test.go",
			"src/net/http/httptest/*.go", "src/os/signal/*.go", "src/io/pipe*.go", "src/os/exec/exec.go",
			"test/chan/*.go", "test/typeparam/*.go", "test/[cdrst]*.go", "test/range*.go",
		} {
			found, _ := filepath.Glob(filepath.Join(runtime.GOROOT(), filepath.FromSlash(pattern)))
			for _, name := range found {
				if info, err := os.Stat(name); err == nil && info.Size() < 40_000 {
					out = append(out, name)
				}
			}
		}
		return out
	})
	return func(t testing.TB) []string {
		files := find()
		if len(files) == 0 {
			t.Skip("the Go distribution has no sources here")
		}
		return files
	}
}()

// damage deletes, doubles or replaces a statement or token of a file.
func damage(src []byte, how byte, where int) []byte {
	type span struct{ pos, end int }
	fset := token.NewFileSet()
	var spans []span
	if how%2 == 0 {
		f, _ := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
		if f == nil {
			return src
		}
		tok := fset.File(f.FileStart)
		eachStmt(f, func(s ast.Stmt) {
			if end := tok.Offset(s.End()); end <= len(src) {
				spans = append(spans, span{tok.Offset(s.Pos()), end})
			}
		})
	} else {
		var sc scanner.Scanner
		tok := fset.AddFile("", -1, len(src))
		sc.Init(tok, src, nil, 0)
		for {
			pos, kind, lit := sc.Scan()
			if kind == token.EOF {
				break
			}
			if lit == "" || kind == token.SEMICOLON && lit == "\n" {
				lit = kind.String()
			}
			if at := tok.Offset(pos); at+len(lit) <= len(src) {
				spans = append(spans, span{at, at + len(lit)})
			}
		}
	}
	if len(spans) == 0 {
		return src
	}
	at := spans[where%len(spans)]
	text := string(src[at.pos:at.end])
	other := spans[(where*31+7)%len(spans)]
	switch how / 2 % 3 {
	case 0:
		text = ""
	case 1:
		text += " ; " + text
		if how%2 != 0 {
			text = text[:len(text)/2-1] + " " + string(src[at.pos:at.end])
		}
	case 2:
		text = string(src[other.pos:other.end])
	}
	return []byte(string(src[:at.pos]) + text + string(src[at.end:]))
}

// askAll asks the model of the package every question about everything.
func askAll(pkg *refactor.Package) {
	m := chanflow.Of(pkg)
	m.Guesses()
	m.Stops()
	m.Polls()
	m.DeafSleeps()
	m.Completions()
	m.Handovers()

	for _, f := range m.Funcs {
		body := f.Body.List
		f.Name()
		f.Top()
		f.Recv()
		f.IsMain()
		f.Testing()
		f.InBubble()
		f.TestHandle()
		f.Reports()
		f.Recovers()
		f.MayStay()
		f.Starts()
		f.Split()
		f.MayDo(chanflow.Close)
		m.Mutations(f, body)
		m.Callers(f)
		for e := range f.Effects() {
			f.Does(e.Kind, e.Obj)
		}
		for _, op := range f.Exits(body) {
			op.Stmt()
			m.FailedCheck(op)
		}
		for _, op := range f.Ops {
			op.Stmt()
			op.Loop()
			op.Conditional()
			op.Bare()
			m.OpsOn(op.Ref.Obj)
			if op.Kind == chanflow.Make {
				m.Chan(op)
			}
			m.Capacity(op.Ref.Obj)
			m.FailedCheck(op)
		}
		for _, sp := range f.Spawns {
			m.Shared(sp)
			m.Run(sp)
			sp.Lit()
			sp.Head()
			sp.Loop()
			sp.Conditional()
			if sp.Body != nil {
				for _, op := range sp.Body.Ops {
					sp.Outside(op.Ref)
				}
			}
		}
		for _, s := range f.Sleeps {
			s.IsGuess()
			s.FitsConfigured()
			s.ProvesNegative()
			s.Loop()
			s.Conditional()
			m.GuessStop(s)
		}
	}
	for _, file := range pkg.Files {
		eachStmt(file.Syntax, func(s ast.Stmt) {
			f := m.FuncOf(s.Pos())
			m.Resident(s)
			for st := range m.Before(s) {
				m.Anchor(st, s)
				break // it is looked for among all those before
			}
			for range m.After(s) {
			}
			if f != nil {
				f.Takes(f.Held(s), f.Body.List)
			}
		})
		ast.Inspect(file.Syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				m.Callee(n)
				m.Static(n)
			case ast.Expr:
				m.Root(n)
				m.Ref(n)
				m.Duration(n)
				m.ServerAddress(n)
			}
			return true
		})
	}
	for _, obj := range pkg.Info.Defs.All() {
		if v, ok := obj.(*types.Var); ok {
			m.Assigned(v)
			m.IsLoopVar(v)
		}
	}
}
