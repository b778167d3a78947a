package chanflow

import (
	"go/ast"
	"go/token"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// OpKind is what an operation does.
type OpKind int

const (
	Make    OpKind = iota // make(chan T)
	Send                  // ch <- v
	Recv                  // <-ch, for range ch, <-ctx.Done()
	Close                 // close(ch)
	Select                // a select statement itself; its cases are Send and Recv
	Lock                  // (*Mutex).Lock, (*RWMutex).Lock
	Unlock                //
	RLock                 //
	RUnlock               //
	Add                   // (*WaitGroup).Add
	Done                  // (*WaitGroup).Done
	Wait                  // (*WaitGroup).Wait, (*errgroup.Group).Wait, (*Cond).Wait
	Cancel                // call of a context.CancelFunc
	Call                  // call of a function of the package
	Exit                  // return, panic, Goexit, …: the frame may end here
	Serve                 // call of a foreign function that stays: Accept, Serve, …
)

var opNames = [...]string{"make", "send", "receive", "close", "select", "lock", "unlock", "rlock", "runlock", "add", "done", "wait", "cancel", "call", "exit", "serve"}

func (k OpKind) String() string { return opNames[k] }

// ExitKind is how a frame is left.
type ExitKind int

const (
	NoExit    ExitKind = iota
	Return             // a return statement
	Panic              // a call of panic
	Goexit             // runtime.Goexit, t.FailNow and their kin: deferred calls run
	MayGoexit          // a check that calls FailNow if it fails
	Halt               // os.Exit, log.Fatal: the process ends, nobody waits any more
)

// An Op is one operation that a frame may perform.
type Op struct {
	Kind OpKind
	Node ast.Node // the expression or statement
	Ref  Ref      // what is operated on; zero for Select and Exit
	Fn   *Func    // the frame that performs it

	Deferred bool            // it runs when the frame ends
	Once     bool            // inside the argument of (*sync.Once).Do
	Range    bool            // a receive by for range
	Select   *ast.SelectStmt // the select whose case it is, or nil
	Exit     ExitKind        // of an Exit
	Callee   *Func           // of a Call

	dynamic bool // a Call of a variable, which may be bound to a literal
	apart   bool // not of the frame itself: go wg.Wait()
	index   int  // in walked.ops
}

func (o *Op) cur() inspector.Cursor { return o.Fn.model.cursor(o.Node) }

// Stmt returns the innermost statement that contains the operation.
func (o *Op) Stmt() ast.Stmt { return stmtOf(o.cur()) }

func stmtOf(cur inspector.Cursor) ast.Stmt {
	for c := cur; ; c = c.Parent() {
		if s, ok := c.Node().(ast.Stmt); ok {
			return s
		}
		if c.Node() == nil {
			return nil
		}
	}
}

// Loop returns the innermost loop of the frame around the operation, or nil.
func (o *Op) Loop() ast.Stmt { return o.Fn.model.loopOf(o.cur()) }

// loopOf returns the innermost loop of the frame that runs the node again and
// again: not one whose head it is in and which evaluates it once.
func (m *Model) loopOf(cur inspector.Cursor) ast.Stmt {
	for c := cur; ; c = c.Parent() {
		switch n := c.Parent().Node().(type) {
		case *ast.ForStmt:
			if k, _ := c.ParentEdge(); k != edge.ForStmt_Init {
				return n
			}
		case *ast.RangeStmt:
			if k, _ := c.ParentEdge(); k != edge.RangeStmt_X {
				return n
			}
		case *ast.FuncLit:
			if m.ownFrame(n) {
				return nil
			}
		case nil, *ast.FuncDecl:
			return nil
		}
	}
}

// ownFrame reports whether a literal runs in a frame of its own, as opposed to
// the one around it.
func (m *Model) ownFrame(lit *ast.FuncLit) bool {
	f := m.frames[lit]
	return f == nil || f.Lit == lit
}

// Conditional reports whether the operation is under an if, switch, select or
// loop of its frame, so that the frame can pass it by.
func (o *Op) Conditional() bool { return o.Fn.model.conditional(o.cur()) }

func (m *Model) conditional(cur inspector.Cursor) bool { return m.passedBy(cur, nil) }

// passedBy reports whether the frame may get to the node at, or to its end if
// that is nil, and pass the other by.
func (m *Model) passedBy(cur inspector.Cursor, at ast.Node) bool {
	child := cur
	for c := cur.Parent(); ; child, c = c, c.Parent() {
		if n := child.Node(); at != nil && n.Pos() <= at.Pos() && at.End() <= n.End() {
			return false
		}
		switch n := c.Node().(type) {
		case nil, *ast.FuncDecl:
			return false
		case *ast.FuncLit:
			if m.ownFrame(n) {
				return false
			}
		case *ast.IfStmt:
			if k, _ := child.ParentEdge(); k != edge.IfStmt_Init && k != edge.IfStmt_Cond {
				return true
			}
		case *ast.ForStmt:
			if k, _ := child.ParentEdge(); k != edge.ForStmt_Init && k != edge.ForStmt_Cond {
				return true
			}
		case *ast.RangeStmt:
			if k, _ := child.ParentEdge(); k != edge.RangeStmt_X {
				return true
			}
		case *ast.CaseClause, *ast.CommClause:
			return true
		case *ast.BinaryExpr: // the right side of && and || may be skipped
			if k, _ := child.ParentEdge(); k == edge.BinaryExpr_Y && (n.Op == token.LAND || n.Op == token.LOR) {
				return true
			}
		}
	}
}

// Bare reports whether the operation blocks with no way out: a send or receive
// that is no case of a select, or the only case of one.
func (o *Op) Bare() bool {
	if o.Kind != Send && o.Kind != Recv {
		return false
	}
	return o.Select == nil || len(o.Select.Body.List) == 1
}
