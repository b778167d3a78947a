// Package machine explores what a set of communicating processes can do. It
// knows channels, locks, WaitGroups and ways to leave, and nothing of Go
// syntax: package prove translates into its language.
//
// A [Program] is finite by construction: code is a control-flow graph whose
// loops are back edges, conditions that cannot be known are choices, and what
// could grow for ever (processes, objects, calls, counters) has a cap. The
// state is where each process is, what each variable refers to, and what each
// object holds. [Explore] visits every state that some interleaving reaches.
package machine

import "strings"

// A Program is code, and the variables that it uses.
type Program struct {
	Codes []Code
	// Vars are the variables. Shared ones are cells that all processes see;
	// of the others each process has its own, which a process that is spawned
	// gets with the values that its spawner has then.
	Vars []Var
	// Main is the code of the first process.
	Main int
	// MainEnds says that the program ends when the first process returns.
	MainEnds bool
	// Over says that what is blocked counts only when the first process has
	// ended: it does end, whatever the program says.
	Over bool
}

// A Var refers to an object, or to none (a nil channel).
type Var struct {
	Name   string
	Shared bool
	Init   Kind // what it refers to at the start, or None
	Cap    int  // capacity of a Chan
}

// Kind is what an object is.
type Kind uint8

const (
	None      Kind = iota
	Chan           // a channel of a capacity
	Ready          // a channel on which every operation proceeds, as on a ticker's
	Open           // a channel that code out of sight operates on, until it ceases to
	Signal         // a channel that code out of sight may close, such as a context's
	Mutex          //
	RWMutex        //
	WaitGroup      //
	Once           //
	Flag           // a small number, such as a boolean
	Cond           // a sync.Cond, of which the lock is another object
)

// A Code is what a function does: operations, of which the first is the entry.
type Code struct {
	Name string
	Ops  []Op
}

// OpKind is what an operation does.
type OpKind uint8

const (
	Goto     OpKind = iota // go on with any of Next; with the next operation if it is empty
	Make                   // Var = a new object of kind Obj and capacity N
	Copy                   // Var = From
	SetNil                 // Var = nil
	IsNil                  // go on with Next[1] if Var is nil, else with Next[0]
	Send                   // Var <- v
	Recv                   // <-Var; go on with Next[1], if there is one, when it is closed and drained
	Close                  // close(Var)
	Cancel                 // close(Var) unless it is closed
	Derive                 // Var = a context whose parent is From
	Select                 // go on with the Next of one of Cases; Default says whether it may go on with Next[0] if none can proceed
	Lock                   //
	Unlock                 //
	RLock                  //
	RUnlock                //
	TryLock                // go on with Next[1] if it could lock, else with Next[0]
	TryRLock               //
	Enlist                 // announce a wait for the Cond Var: the lock is released next
	Await                  // wait until one that has enlisted is woken, which this one is then
	Wake                   // wake one that has enlisted, or with N = 1 all
	Add                    // add N to the counter of Var
	Wait                   // wait until the counter of Var is 0
	Do                     // run code N unless the Once Var has
	Set                    // the Flag Var = N
	Swap                   // if the Flag Var holds From, set it to N and go on with Next[1], else with Next[0]
	Test                   // go on with Next[N]: N is what the Flag Var holds
	Spawn                  // start a process with code N
	Call                   // run code N, then go on
	Defer                  // run code N when this code ends
	Recover                // stop the panic of the code that deferred this one
	Return                 // end this code
	Goexit                 // end this process; deferred code runs
	Panic                  // the same, and the program with it unless it is recovered
	Halt                   // end the program
	Hang                   // wait for ever
	Settle                 // wait until no other process can proceed without code out of sight
)

var opNames = [...]string{"goto", "make", "copy", "setnil", "isnil", "send", "recv", "close", "cancel", "derive", "select", "lock", "unlock", "rlock", "runlock", "trylock", "tryrlock", "enlist", "await", "wake", "add", "wait", "do", "set", "swap", "test", "spawn", "call", "defer", "recover", "return", "goexit", "panic", "halt", "hang", "settle"}

func (k OpKind) String() string { return opNames[k] }

// An Op is one operation. An empty Next means the operation behind it; behind
// the last one, the code returns.
type Op struct {
	Kind    OpKind
	Var     int
	From    int // of Copy and Derive a variable, of Swap a number
	N       int
	Obj     Kind // of Make
	Next    []int
	Cases   []Case
	Default bool
	Tag     int // what the operation stands for; the machine does not look at it
}

// A Case of a Select goes on with Next, or with Closed if it is not 0 and what
// it received from is closed and drained.
type Case struct {
	Send         bool
	Var          int
	Next, Closed int
}

// A Place is an operation of a program.
type Place struct{ Code, Op int }

// At returns the operation at a place; behind the last one, a Return.
func (p *Program) At(at Place) Op {
	if ops := p.Codes[at.Code].Ops; at.Op < len(ops) {
		return ops[at.Op]
	}
	return Op{Kind: Return}
}

// Bounds limit an exploration. What lies beyond is not visited; a process is
// not reported as stuck where that might help it.
type Bounds struct {
	States    int // visited at most; then the result is incomplete
	Processes int // alive at a time
	Copies    int // alive at a time with the same code
	Objects   int // alive at a time
	Calls     int // that a process is in at a time, and code that each has deferred
	Count     int // of a WaitGroup, of readers of a lock
}

// Usual bounds are what package prove works with.
var Usual = Bounds{States: 200_000, Processes: 8, Copies: 2, Objects: 120, Calls: 12, Count: 6}

// A Result says what can go wrong. It is safe if nothing can, and if the
// exploration is complete.
type Result struct {
	Stuck    []Stuck
	Panics   []Stuck // the program crashes on these
	States   int
	Complete bool  // every state within the other bounds was visited
	Bounded  Limit // what lies beyond the other bounds: a set
	Ended    bool  // the first process has ended in some state
}

// A Limit is a set of bounds.
type Limit uint8

const (
	Processes Limit = 1 << iota // or copies of one that no loop starts
	Copies                      // that a loop starts
	Objects
	Calls
	Count
)

var limitNames = [...]string{"processes", "copies", "objects", "calls", "count"}

func (l Limit) String() string {
	var names []string
	for i, name := range limitNames {
		if l&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// A Stuck is an operation on which a process is in some state, and stays
// whatever happens after that.
type Stuck struct {
	Process int
	At      Place
	Calls   []Place // that it is in, the innermost last
	Trace   []Step
	// Others are where all other live processes are then.
	Others []Standing
}

// A Standing says where a process is: its calls, the innermost last.
type Standing struct {
	Process int
	Calls   []Place
	Dead    bool // it will never do anything again
}

// A Step is an operation that a process performed.
type Step struct {
	Process int
	At      Place
	Partner int // the process at the other end of a rendezvous, or -1
}
