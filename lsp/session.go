package lsp

import (
	"context"
	"log"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
	"handshake/refactor/load"
)

// How long the server waits for the user to pause before it looks at the bodies
// that were edited, at the whole package, and before it asks the go command
// again. The first is for what an editor sends in one go: a key, the bracket that
// it closes, the indentation.
const (
	quickDelay  = 2 * time.Millisecond
	editDelay   = 150 * time.Millisecond
	reloadDelay = 250 * time.Millisecond
)

// configurationPatience is how long the server waits for the client's settings
// before it goes on with the initial ones.
const configurationPatience = 3 * time.Second

// A session is everything that lasts as long as the connection.
type session struct {
	opts   Options
	limits limits
	log    *log.Logger
	client client // set by initialize, before any other message is handled

	load   func(context.Context, load.Config, ...string) (*load.Graph, error)
	expire func(func()) (stop func() bool) // calls the function when a load has taken too long

	giveBack func() // gives memory back to the system

	ctx     context.Context
	conn    jsonrpc2.Conn
	outbox  outbox
	tasks   tasks
	slots   chan struct{} // one taken for each package that is looked at
	spare   chan struct{} // taken by what is done ahead of being asked for: no look waits for it
	stopped atomic.Bool   // the client has requested shutdown

	initializedOnce sync.Once
	configuredOnce  chan struct{} // closed when the client's settings are known

	registering sync.Mutex
	registered  map[string]bool // methods that the client was told of, by registerProviders

	trace atomic.Int32 // a traceLevel

	scan *scan

	mu       sync.Mutex
	current  *snapshot
	views    map[string]*view              // by module root, or by file outside of modules
	placed   map[string]*view              // by file
	folders  map[string]bool               // that the user has opened
	pending  int                           // pieces of work that open documents wait for
	works    int                           // those that there were
	news     chan struct{}                 // closed when that, or a report, changes
	reports  map[uri.URI]report            // of files with findings, and of files that had some
	looked   map[uri.URI]*document         // the versions of open documents that reports are of
	pulling  pulling                       // what the client has asked for
	told     map[string]bool               // messages that were shown, rules that were logged
	fromInit Settings                      // defaults and initializationOptions
	settings Settings                      // and what the client configures
	working  map[string]context.CancelFunc // work that the user can cancel, by progress token
	tokens   int                           // progress tokens that were made
}

func newSession(opts Options, l *log.Logger) *session {
	s := &session{
		opts:           opts,
		limits:         defaultLimits,
		load:           load.Load,
		expire:         func(f func()) func() bool { return time.AfterFunc(loadPatience, f).Stop },
		giveBack:       debug.FreeOSMemory,
		log:            l,
		configuredOnce: make(chan struct{}),
		slots:          make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		spare:          make(chan struct{}, 1),
		outbox:         outbox{ready: make(chan struct{}, 1)},
		current:        &snapshot{make(map[uri.URI]*document), make(map[uri.URI]*found)},
		views:          make(map[string]*view),
		placed:         make(map[string]*view),
		folders:        make(map[string]bool),
		news:           make(chan struct{}),
		reports:        make(map[uri.URI]report),
		looked:         make(map[uri.URI]*document),
		pulling:        newPulling(),
		told:           make(map[string]bool),
		registered:     make(map[string]bool),
		working:        make(map[string]context.CancelFunc),
	}
	s.scan = newScan(s)
	return s
}

// start connects the session.
func (s *session) start(ctx context.Context, conn jsonrpc2.Conn) {
	s.ctx, s.conn = ctx, conn
	s.task("outbox", func() { s.outbox.run(ctx, conn) })
	s.task("rest", s.rest)
}

func (s *session) snapshot() *snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// opened finds the view of a document and has its package looked at at once.
// The caller holds s.mu.
func (s *session) opened(d *document) {
	if d.name != "" {
		due := false
		s.pend(&due)
		s.task("place", func() { // not here: it asks the file system
			defer s.finish(&due, nil)
			s.place(d.name)
		})
	}
}

// wake has the package of a file looked at after the delay. The caller holds
// s.mu.
func (s *session) wake(name string, delay time.Duration) {
	v := s.viewOf(name)
	if v == nil || v.base == nil {
		return // when it is loaded, all its packages are looked at
	}
	m := v.base.Containing(name)
	if m == nil {
		v.reload(false) // an edit may have made it part of a package
		return
	}
	w := v.workers[m.ID]
	if w == nil {
		w = newWorker(v, name)
		v.workers[m.ID] = w
		s.task("worker", w.run)
	}
	w.wake(name, delay)
}

// wakeAll has all packages of a view with open files looked at. The caller
// holds s.mu.
func (s *session) wakeAll(v *view) {
	for _, d := range s.current.docs {
		if d.name != "" && s.viewOf(d.name) == v {
			s.wake(d.name, 0)
		}
	}
}

// rules returns the rules that the settings ask for.
func (s *session) rules(set Settings) []*refactor.Rule {
	return set.Choose(s.opts.Rules, func(r *refactor.Rule) bool { return !r.Preview })
}

// logOnce logs what is said under a key the first time.
func (s *session) logOnce(key string, err error) {
	if s.once("log " + key) {
		s.log.Print(err)
	}
}

// tell shows a message to the user, each once.
func (s *session) tell(kind protocol.MessageType, message string) {
	if s.once("tell " + message) {
		s.outbox.send(protocol.MethodWindowShowMessage, &protocol.ShowMessageParams{Type: kind, Message: message})
	}
}

func (s *session) once(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.told[key]
	s.told[key] = true
	return first
}

// closed has the package of a closed document looked at as it is on disk, for
// the sake of its other open files. The caller holds s.mu.
func (s *session) closed(d *document) {
	for _, other := range s.current.docs {
		if d.name != "" && other.name != "" && filepath.Dir(other.name) == filepath.Dir(d.name) {
			s.wake(other.name, editDelay)
		}
	}
}
