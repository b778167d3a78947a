package chanflow_test

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// answer answers a query about the statement or function that begins on its
// line. Lists are written with spaces, an empty one as -.
func (s *session) answer(file *refactor.File, q query) string {
	stmt, fn := s.at(file, q.line)
	verb, arg, _ := strings.Cut(q.text, " ")
	if fn == nil {
		if verb == "frame" {
			return "-"
		}
		return "no function here"
	}
	switch verb { // about the function
	case "recovers":
		return yes(fn.Recovers())
	case "stays":
		return yes(fn.MayStay())
	case "prefix":
		prefix, rest := fn.Split()
		return fmt.Sprintf("%d+%d", len(prefix), len(rest))
	case "does":
		return list(true, func(yield func(string)) {
			for e := range fn.Effects() {
				yield(e.Kind.String() + ":" + name(e.Obj))
				if !fn.Does(e.Kind, e.Obj) || !fn.MayDo(e.Kind) {
					yield("but Does or MayDo denies it")
				}
			}
		})
	case "starts":
		return list(false, func(yield func(string)) {
			for _, sp := range fn.Starts() {
				yield(funcName(sp.Body))
			}
		})
	case "callers":
		calls, all := s.m.Callers(fn)
		return fmt.Sprintf("%d %v", len(calls), all)
	case "params":
		return list(false, func(yield func(string)) {
			for _, p := range fn.Params() {
				yield(name(p))
			}
		})
	case "recv":
		if fn.Recv() == nil {
			return "-"
		}
		return name(fn.Recv())
	case "reports":
		return [...]string{"nothing", "return", "test", "exit"}[fn.Reports()]
	case "handle":
		return name(fn.TestHandle())
	case "testing":
		return name(fn.Testing())
	case "bubble":
		return yes(fn.InBubble())
	case "ismain":
		return yes(fn.IsMain())
	case "top":
		return funcName(fn.Top())
	}
	pos := fn.Body.Pos()
	if stmt != nil {
		pos = stmt.Pos()
	}
	obj := s.lookup(pos, arg)
	switch verb { // about a variable
	case "assigned":
		return yes(s.m.Assigned(obj))
	case "loopvar":
		return yes(s.m.IsLoopVar(obj))
	case "owns":
		return yes(fn.Owns(obj))
	case "capacity":
		if n, ok := s.m.Capacity(obj); ok {
			return fmt.Sprint(n)
		}
		return "?"
	}
	if stmt == nil {
		return "no statement here"
	}
	fn = s.m.FuncOf(stmt.Pos())
	switch verb { // about the statement
	case "frame":
		return funcName(s.m.FuncOf(stmt.Pos()))
	case "before", "after":
		seq := s.m.Before
		if verb == "after" {
			seq = s.m.After
		}
		return list(false, func(yield func(string)) {
			for st := range seq(stmt) {
				yield(short(file, st))
			}
		})
	case "anchor":
		for st := range s.m.Before(stmt) {
			var inner ast.Stmt
			eachStmt(st, func(in ast.Stmt) {
				if short(file, in) == arg {
					inner = in
				}
			})
			if inner != nil {
				return short(file, s.m.Anchor(inner, stmt))
			}
		}
		return "-"
	case "resident":
		return yes(s.m.Resident(stmt))
	case "held":
		return names(fn.Held(stmt))
	case "takes":
		var locks []types.Object
		for n := range strings.FieldsSeq(arg) {
			locks = append(locks, s.lookup(pos, n))
		}
		return name(fn.Takes(locks, []ast.Stmt{stmt}))
	case "exits":
		return list(false, func(yield func(string)) {
			for _, op := range fn.Exits([]ast.Stmt{stmt}) {
				yield(exitNames[op.Exit])
			}
		})
	case "mutates":
		return list(false, func(yield func(string)) {
			for _, mu := range s.m.Mutations(fn, []ast.Stmt{stmt}) {
				word := name(mu.Obj)
				if mu.Obj != mu.Root {
					word = name(mu.Root) + "." + word
				}
				if mu.Call {
					word += "()"
				}
				yield(word)
			}
		})
	case "mentions":
		return yes(s.m.Mentions(obj, stmt))
	case "ref", "root":
		e := stmt.(*ast.AssignStmt).Rhs[0]
		if verb == "root" {
			return name(s.m.Root(e))
		}
		return refWord(s.m.Ref(e))
	case "duration":
		return s.m.Duration(stmt.(*ast.AssignStmt).Rhs[0]).String()
	case "server":
		if v := s.m.ServerAddress(stmt.(*ast.AssignStmt).Rhs[0]); v != nil {
			return v.ExactString()
		}
		return "-"
	case "failed":
		for _, op := range fn.Ops {
			if op.Stmt() == stmt && op.Kind == chanflow.Exit {
				if id := s.m.FailedCheck(op); id != nil {
					return id.Name
				}
				return "-"
			}
		}
	}
	for _, sp := range s.m.Spawns {
		if sp.Stmt != stmt {
			continue
		}
		switch verb { // about the goroutine
		case "outside":
			return list(false, func(yield func(string)) {
				for _, op := range sp.Body.Ops {
					if op.Ref.Obj != nil && op.Kind != chanflow.Call {
						yield(op.Kind.String() + ":" + refWord(sp.Outside(op.Ref)))
					}
				}
			})
		case "shared":
			return list(true, func(yield func(string)) {
				for obj := range s.m.Shared(sp) {
					yield(obj.Name())
				}
			})
		case "head":
			return file.Text(sp.Head())
		case "literal":
			return yes(sp.Lit() != nil)
		case "static":
			if sp.Static == nil {
				return "-"
			}
			return sp.Static.Name()
		}
	}
	for _, sl := range s.m.Sleeps {
		if sl.Stmt != stmt {
			continue
		}
		switch verb { // about the sleep
		case "isguess":
			return yes(sl.IsGuess())
		case "fits":
			return yes(sl.FitsConfigured())
		case "negative":
			return yes(sl.ProvesNegative())
		}
	}
	return "no such query"
}

// short names a statement by its text up to the first bracket or blank.
func short(file *refactor.File, s ast.Stmt) string {
	if s == nil {
		return "-"
	}
	text := file.Text(s.Pos(), s.End())
	if i := strings.IndexAny(text, "( {\n\t"); i > 0 {
		text = text[:i]
	}
	return text
}

func list(sorted bool, each func(yield func(string))) string {
	var out []string
	each(func(s string) { out = append(out, s) })
	if sorted {
		slices.Sort(out)
	}
	if len(out) == 0 {
		return "-"
	}
	return strings.Join(out, " ")
}

func names(objs []types.Object) string {
	return list(false, func(yield func(string)) {
		for _, obj := range objs {
			yield(name(obj))
		}
	})
}
