// Package addtimeout bounds the wait for the other side of a handshake.
package addtimeout

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/version"
	"strconv"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/idiom"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule bounds a bare wait by a context or a timeout:
//
//	<-started   =>   select {
//	                 case <-started:
//	                 case <-ctx.Done():
//	                     return ctx.Err()
//	                 }
//
// Until the bound is reached, the select waits for what the wait has waited
// for, and receives it in the same way. Then the function fails as its other
// failures do; what it would have done behind the wait must not be owed to
// anybody, and a sender that nobody receives from any more gets room to leave
// its value.
var Rule = &refactor.Rule{Name: "addtimeout", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, w := range chanflow.Of(pkg).BareWaits() {
		found = append(found, finding(pkg, w))
	}
	return found
}

func finding(pkg *refactor.Package, w *chanflow.BareWait) refactor.Finding {
	what := w.For
	if len(what) > 40 {
		what = "the other side"
	}
	f := refactor.Finding{
		Span:    pkg.Span(w.Op.Node.Pos(), w.Op.Node.End()),
		Message: "nothing bounds this wait for " + what,
	}
	title := "Bound the wait for " + what
	if w.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: w.Withheld}}
		return f
	}
	reason := map[chanflow.Report]string{
		chanflow.ByReturn: "returns an error instead of waiting on",
		chanflow.ByTest:   "fails instead of waiting on",
		chanflow.ByExit:   "ends the program instead of waiting on",
	}[w.Op.Fn.Reports()]
	add := func(title, ctx string) {
		f.Fixes = append(f.Fixes, refactor.Fix{
			Title: title, Safety: refactor.Review, Reason: reason,
			Make: func() ([]refactor.Edit, error) { return (&site{w, pkg, edit.New(pkg), ctx, what}).bound() },
		})
	}
	if w.Context != "" {
		add(title+" by "+w.Context, w.Context)
	}
	add(title+" by a timeout", "")
	return f
}

// A site is a wait that is given a bound.
type site struct {
	*chanflow.BareWait
	pkg  *refactor.Package
	b    *edit.Builder
	ctx  string // the context that bounds it, or "" for a timeout
	what string
}

const limit = "5 * %s.Second"

func (s *site) bound() ([]refactor.Edit, error) {
	for _, mk := range s.Grow {
		if len(mk.Args) == 2 {
			s.b.ReplaceNode(mk.Args[1], "1")
		} else {
			s.b.Insert(mk.Args[0].End(), ", 1")
		}
	}
	if s.Op.Kind == chanflow.Wait {
		return s.group()
	}
	switch st := s.Stmt.(type) {
	case *ast.ExprStmt:
		if ast.Unparen(st.X) == s.Op.Node {
			return s.replace(st, "", s.b.Text(st), "")
		}
	case *ast.AssignStmt:
		if len(st.Rhs) != 1 || ast.Unparen(st.Rhs[0]) != s.Op.Node || st.Tok != token.ASSIGN && st.Tok != token.DEFINE {
			break
		}
		comm, vars, err := idiom.Received(s.pkg, s.b, st)
		if err != nil {
			return nil, err
		}
		if head := s.head(st); head != nil {
			return s.before(head, st, vars, comm)
		}
		return s.replace(st, vars, comm, "")
	case *ast.ReturnStmt:
		return s.result(st)
	}
	return nil, errors.New("the wait is part of a larger statement")
}

// group bounds the wait for a WaitGroup, which a goroutine of its own waits for.
func (s *site) group() ([]refactor.Edit, error) {
	st, ok := s.Stmt.(*ast.ExprStmt)
	if !ok || st.X != s.Op.Node {
		return nil, errors.New("the wait is part of a larger statement")
	}
	done := s.b.Fresh(st.Pos(), "done")
	open := fmt.Sprintf("%s := make(chan struct{})\ngo func() {\n\t%s\n\tclose(%s)\n}()\n", done, s.b.Text(st), done)
	return s.replace(st, open, "<-"+done, "")
}

// result bounds a wait whose value is returned at once.
func (s *site) result(st *ast.ReturnStmt) ([]refactor.Edit, error) {
	name := "v"
	var values []string
	for i, e := range st.Results {
		if ast.Unparen(e) == s.Op.Node {
			if chanflow.IsError(s.pkg.Info.TypeOf(e)) {
				name = "err"
			}
			name = s.b.Fresh(st.Pos(), name)
			values = append(values, name)
			continue
		}
		if tv := s.pkg.Info.Types.Of(st.Results[i]); tv.Value == nil && !tv.IsNil() {
			return nil, errors.New("the other results may change during the wait")
		}
		values = append(values, s.b.Text(e))
	}
	back := "return " + strings.Join(values, ", ")
	if s.Op.Fn.Reports() == chanflow.ByReturn {
		return s.replace(st, "", name+" := "+s.b.Text(s.Op.Node), "\t"+back+"\n")
	}
	t, err := s.b.TypeName(st, s.pkg.Info.TypeOf(s.Op.Node.(ast.Expr)))
	if err != nil {
		return nil, err
	}
	code, err := s.selects("var "+name+" "+t+"\n", name+" = "+s.b.Text(s.Op.Node), "")
	if err != nil {
		return nil, err
	}
	s.b.ReplaceNode(st, code+"\n"+back)
	return s.b.Edits()
}

// head returns the if statement that begins with the statement, or nil.
func (s *site) head(st ast.Stmt) (head *ast.IfStmt) {
	ast.Inspect(s.Op.Fn.Body, func(n ast.Node) bool {
		if n, ok := n.(*ast.IfStmt); ok && n.Init == st {
			head = n
		}
		return head == nil
	})
	return head
}

// before puts the wait before the if statement that it begins. What it declares
// is then known behind that, too: nothing there must go by the same name.
func (s *site) before(head *ast.IfStmt, st *ast.AssignStmt, vars, comm string) ([]refactor.Edit, error) {
	block := s.block(head)
	if block == nil {
		return nil, errors.New("the wait is part of an else if")
	}
	for _, lhs := range st.Lhs {
		id, ok := lhs.(*ast.Ident)
		if !ok || st.Tok != token.DEFINE {
			continue
		}
		if s.taken(id.Name, head, block) {
			return nil, fmt.Errorf("%s means something else next to the statement", id.Name)
		}
	}
	if s.b.HasComment(head.If, head.Cond.Pos()) {
		return nil, errors.New("there is a comment in the head of the statement")
	}
	code, err := s.selects(vars, comm, "")
	if err != nil {
		return nil, err
	}
	s.b.InsertBefore(head, code)
	s.b.Delete(st.Pos(), head.Cond.Pos())
	return s.b.Edits()
}

// taken reports whether a name that is declared before the statement would
// collide with another in its block, or hide one that is used there later.
func (s *site) taken(name string, head ast.Stmt, block []ast.Stmt) bool {
	scope := s.pkg.Info.Scopes.Of(head)
	if scope == nil || scope.Parent().Lookup(name) != nil {
		return true
	}
	scope = scope.Parent()
	taken := false
	for _, st := range block {
		ast.Inspect(st, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == name && id.Pos() > head.End() {
				obj := s.pkg.Info.Uses.Of(id)
				taken = taken || obj != nil && obj.Parent() != nil && obj.Parent() != scope && !within(block, obj.Pos())
			}
			return !taken
		})
	}
	return taken
}

func within(block []ast.Stmt, pos token.Pos) bool {
	return block[0].Pos() <= pos && pos < block[len(block)-1].End()
}

// block returns the statements among which the statement stands, or nil.
func (s *site) block(st ast.Stmt) (list []ast.Stmt) {
	ast.Inspect(s.Op.Fn.Body, func(n ast.Node) bool {
		var in []ast.Stmt
		switch n := n.(type) {
		case *ast.BlockStmt:
			in = n.List
		case *ast.CaseClause:
			in = n.Body
		case *ast.CommClause:
			in = n.Body
		}
		for _, other := range in {
			if other == st {
				list = in
			}
		}
		return list == nil
	})
	return list
}

func (s *site) replace(st ast.Stmt, open, comm, then string) ([]refactor.Edit, error) {
	code, err := s.selects(open, comm, then)
	if err != nil {
		return nil, err
	}
	s.b.ReplaceNode(st, code)
	return s.b.Edits()
}

// selects returns the select statement, behind what comes before it. Before Go
// 1.23 the garbage collector did not free a timer that is still running, so it
// is stopped.
func (s *site) selects(open, comm, then string) (string, error) {
	pos := s.Op.Node.Pos()
	expr := s.ctx + ".Err()"
	end := "<-" + s.ctx + ".Done()"
	if s.ctx == "" {
		expr = strconv.Quote("timed out waiting for " + s.what)
		if s.Op.Fn.Reports() == chanflow.ByReturn {
			expr = s.b.Import(pos, "errors") + ".New(" + expr + ")"
		}
		time := s.b.Import(pos, "time")
		d := fmt.Sprintf(limit, time)
		if v := s.Op.Fn.File.GoVersion; v != "" && version.Compare(v, "go1.23") >= 0 {
			end = fmt.Sprintf("<-%s.After(%s)", time, d)
		} else {
			timer := s.b.Fresh(pos, "timer")
			open += fmt.Sprintf("%s := %s.NewTimer(%s)\n", timer, time, d)
			then = "\t" + timer + ".Stop()\n" + then
			end = "<-" + timer + ".C"
		}
	}
	failure, err := idiom.Failure(s.pkg, s.b, s.Op.Fn, pos, expr)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%sselect {\ncase %s:\n%scase %s:\n\t%s\n}", open, comm, then, end, failure), nil
}
