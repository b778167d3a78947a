package chanflow

import (
	"go/types"
	"strings"
)

// What the model knows of other packages, by name: the rest is opaque and
// taken to return.

// named returns the package path and name of a named type behind at most one
// pointer, or empty strings.
func named(t types.Type) (pkg, name string) {
	if t == nil {
		return "", ""
	}
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return "", ""
	}
	return n.Obj().Pkg().Path(), n.Obj().Name()
}

func isNamed(t types.Type, pkg, name string) bool {
	p, n := named(t)
	return p == pkg && n == name
}

func isContext(t types.Type) bool { return isNamed(t, "context", "Context") }

func isTesting(t types.Type) bool {
	pkg, name := named(t)
	return pkg == "testing" && (name == "T" || name == "B" || name == "F" || name == "TB")
}

// IsChan returns the channel type behind t, or nil. A type parameter that can
// only be a channel counts.
func IsChan(t types.Type) *types.Chan {
	if t == nil {
		return nil
	}
	if c, ok := t.Underlying().(*types.Chan); ok {
		return c
	}
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return onlyChan(t.Underlying().(*types.Interface))
	}
	return nil
}

// onlyChan returns a channel type of the constraint's type set if it holds
// nothing else.
func onlyChan(constraint *types.Interface) *types.Chan {
	for t := range constraint.EmbeddedTypes() {
		switch u := t.Underlying().(type) {
		case *types.Chan:
			return u // an intersection holds no more than each of its parts
		case *types.Interface:
			if c := onlyChan(u); c != nil {
				return c
			}
		case *types.Union:
			var c *types.Chan
			for term := range u.Terms() {
				if c, _ = term.Type().Underlying().(*types.Chan); c == nil {
					break
				}
			}
			if c != nil {
				return c
			}
		}
	}
	return nil
}

// fullName returns "time.Sleep", "(*sync.WaitGroup).Wait", …, with import
// paths; for nil it returns "".
func fullName(f *types.Func) string {
	if f == nil {
		return ""
	}
	return f.FullName()
}

// isFunc reports whether f is a function, or a method of any type, of the
// given package and name. Unlike fullName it costs nothing.
func isFunc(f *types.Func, pkg, name string) bool {
	return f != nil && f.Name() == name && f.Pkg() != nil && f.Pkg().Path() == pkg
}

// exitOf says how a call to a function of another package leaves its frame;
// NoExit if it returns, MayGoexit if it is a check that ends a test's goroutine
// when it fails.
func exitOf(f *types.Func) ExitKind {
	if f == nil || f.Pkg() == nil {
		return NoExit
	}
	switch f.Pkg().Path() {
	case "runtime":
		if f.Name() == "Goexit" {
			return Goexit
		}
	case "os":
		if f.Name() == "Exit" {
			return Halt
		}
	case "log": // functions, and methods of Logger
		switch f.Name() {
		case "Fatal", "Fatalf", "Fatalln":
			return Halt
		case "Panic", "Panicf", "Panicln":
			return Panic
		}
	case "testing":
		switch f.Name() {
		case "Fatal", "Fatalf", "FailNow", "Skip", "Skipf", "SkipNow":
			return Goexit
		}
	}
	// The assertion libraries share their naming: package require fails with
	// FailNow; so do gotest.tools' assert and quicktest. What is called FailNow
	// checks nothing first, in package assert either. Ginkgo's Fail panics, and
	// its goroutines recover from that.
	path := f.Pkg().Path()
	required := strings.HasSuffix(path, "/require")
	if required || strings.HasSuffix(path, "/assert") {
		switch f.Name() {
		case "FailNow", "FailNowf":
			return Goexit
		case "Fail", "Failf":
			if required {
				return Goexit
			}
		}
	}
	switch {
	case required:
		if f.Name() != "New" {
			return MayGoexit
		}
	case path == "gotest.tools/v3/assert" || path == "gotest.tools/assert":
		if f.Name() != "Check" {
			return MayGoexit
		}
	case path == "github.com/frankban/quicktest":
		if f.Name() == "Assert" {
			return MayGoexit
		}
	case strings.HasSuffix(path, "/ginkgo") || strings.HasSuffix(path, "/ginkgo/v2"):
		switch f.Name() {
		case "Fail", "Skip", "AbortSuite":
			return Goexit
		}
	}
	return NoExit
}

// serves are calls that stay until they are told to leave, by name: any
// method or function called Serve or ListenAndServe of any package stays by
// convention.
func serves(f *types.Func) bool {
	if f == nil {
		return false
	}
	switch f.Name() {
	case "Serve", "ServeTLS", "ListenAndServe", "ListenAndServeTLS", "Accept", "AcceptTCP", "AcceptUnix":
		return true
	case "Wait":
		return f.Signature().Recv() != nil
	}
	return false
}

// isBubble reports whether f runs its argument in a testing/synctest bubble.
func isBubble(f *types.Func) bool {
	return isFunc(f, "testing/synctest", "Test") || isFunc(f, "testing/synctest", "Run") || isFunc(f, "internal/synctest", "Run")
}

// blocks reports whether a method waits for another goroutine or process,
// judged by its name.
func blocks(f *types.Func) bool {
	if f.Pkg() != nil {
		switch f.Pkg().Path() {
		case "net":
			if strings.HasPrefix(f.Name(), "Listen") {
				return false
			}
		case "net/http", "sync", "sync/atomic", "bytes", "strings", "bufio":
			return false
		}
		if strings.HasPrefix(f.Pkg().Path(), "encoding/") {
			return false
		}
	}
	return startsWith(f.Name(), "Accept", "Recv", "Receive", "Read", "Get", "Lock", "RLock", "Acquire", "Take", "Pop", "Dequeue", "Next",
		"Wait", "Join", "Watch", "Run", "Serve", "Listen", "Decode", "Scan", "Fetch", "Poll", "Copy")
}

// mayBlock reports whether a call out of the package is not known to return
// without the help of another goroutine. The standard library's functions are,
// but for those whose name says otherwise; of other packages only those whose
// name says that they change something and return.
func mayBlock(f *types.Func) bool {
	switch {
	case f.Pkg() == nil: // error.Error
		return false
	case isStandard(f.Pkg().Path()):
		return blocks(f) && (f.Signature().Recv() != nil || f.Pkg().Path() == "io")
	}
	return !startsWith(f.Name(), "Set", "Put", "Add", "Store", "Write", "Publish", "Insert", "Update", "Delete", "Remove", "Register", "Append", "Inc",
		"Dec", "Record", "Save", "Log", "Mark", "Reset", "Clear", "Notify", "Emit", "New", "Errorf", "Printf", "Print", "Info", "Debug", "Warn", "Error", "String", "Len", "Is", "Has")
}

// exchanges reports whether a function of the standard library exchanges data
// with another process or goroutine, which has to do its part: a dial, a read or
// write of a connection, pipe or file, a request, a process.
func exchanges(f *types.Func) bool {
	if f.Pkg() == nil {
		return false
	}
	switch path := f.Pkg().Path(); path {
	case "net", "os", "io", "bufio", "crypto/tls", "net/http", "net/rpc", "net/textproto", "os/exec", "database/sql":
		if strings.HasPrefix(f.Name(), "Listen") {
			return false
		}
		return startsWith(f.Name(), "Dial", "Read", "Write", "Accept", "Copy", "Flush", "Handshake", "Get", "Post", "Do", "Head", "Call", "Run", "Wait",
			"Output", "CombinedOutput", "Query", "Exec", "Ping", "Begin", "Scan", "Peek") && !(path == "os" && f.Signature().Recv() == nil)
	case "encoding/json", "encoding/gob", "encoding/xml":
		return startsWith(f.Name(), "Decode", "Token")
	}
	return false
}

// changesByName reports whether a function of another package changes what it
// is called on or handed, judged by its name: it is no getter.
func changesByName(f *types.Func) bool {
	return startsWith(f.Name(), "Set", "Put", "Add", "Store", "Register", "Subscribe", "Handle", "HandleFunc", "Open", "Start", "Init", "Connect", "Watch", "On",
		"Use", "Write", "Append", "Insert", "Publish", "Create", "Update", "Enable", "Bind", "Swap", "CompareAndSwap", "Delete", "Remove", "Push", "Send",
		"Reset", "Clear", "Unmarshal", "Decode", "Scan", "Record", "Inc", "Mark", "Listen", "Serve", "Do", "Read", "Close", "Stop", "Lock", "Acquire")
}

// startsWith reports whether a mixed-caps name begins with one of the words.
func startsWith(name string, words ...string) bool {
	for _, w := range words {
		if rest, ok := strings.CutPrefix(name, w); ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return true
		}
	}
	return false
}

// standard are the first elements of the standard library's import paths.
var standard = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`archive bufio bytes cmp compress container context crypto database debug embed encoding errors
		expvar flag fmt go hash html image index io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv
		strings sync syscall testing text time unicode unique unsafe weak`) {
		standard[name] = true
	}
}

func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return standard[first]
}
