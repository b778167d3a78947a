package lsp

import (
	"context"
	"errors"
	"io"
	"log"
	"sync/atomic"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"handshake/refactor"
	"handshake/refactor/load"
)

// Options says what a server offers.
type Options struct {
	Rules   []*refactor.Rule
	Version string      // shown to the client
	Log     io.Writer   // where problems are logged; nil discards them
	Docs    string      // directory for the documentation of rules that the client is to show; empty if there is none
	Cache   *load.Cache // of what dependencies declare; may be nil
}

// Serve speaks the Language Server Protocol on in and out until the client says
// exit, the input ends or ctx is done, and closes both. It returns the exit code
// that the protocol asks for: 0 if the client has requested shutdown before,
// else 1.
func Serve(ctx context.Context, in io.ReadCloser, out io.WriteCloser, opts Options) int {
	return newServer(opts).serve(ctx, in, out)
}

// exitPatience is how long Serve waits for work under way: a type-check cannot
// be interrupted, and the editor wants to close.
const exitPatience = 500 * time.Millisecond

// A server is one connection: the table of methods and the session they work on.
type server struct {
	*session
	methods map[string]method
	state   state // only touched on the reading goroutine
	exited  atomic.Bool
}

// state is where in the life of the protocol the server is.
type state int

const (
	created state = iota
	initialized
	shutDown
)

func newServer(opts Options) *server {
	w := opts.Log
	if w == nil {
		w = io.Discard
	}
	s := &server{session: newSession(opts, log.New(w, "handshake: ", log.LstdFlags))}
	s.methods = s.table()
	return s
}

func (s *server) serve(ctx context.Context, in io.ReadCloser, out io.WriteCloser) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := &stream{in: in, out: out, frames: newFrames(in, &s.limits), ended: func(err error) { s.ended(err); cancel() }, exited: &s.exited}
	conn := jsonrpc2.NewConn(jsonrpc2.NewStream(stream), jsonrpc2.WithCodec(codec{}))
	s.start(ctx, conn)
	conn.Go(ctx, newChain(s).handle)
	select {
	case <-conn.Done():
	case <-ctx.Done():
	}
	// The connection itself is not waited for: a read of a terminal does not
	// return when the file is closed.
	cancel()
	stream.Close()
	s.wait(exitPatience)
	if s.stopped.Load() {
		return 0
	}
	return 1
}

// ended tells why the input ends, unless it is the client's wish: there is no
// telling where the next message begins.
func (s *server) ended(err error) {
	var large *tooLarge
	if !errors.Is(err, errHeader) && !errors.As(err, &large) {
		return
	}
	message := "The connection ends: " + err.Error() + "."
	s.log.Print(message)
	said := make(chan struct{})
	s.task("farewell", func() {
		defer close(said)
		s.conn.Notify(s.ctx, protocol.MethodWindowShowMessage, &protocol.ShowMessageParams{Type: protocol.MessageTypeError, Message: message})
	})
	select {
	case <-said:
	case <-s.ctx.Done():
	case <-time.After(exitPatience): // the client does not read
	}
}

// A stream is the connection's bytes. It cancels everything when the input
// ends, since jsonrpc2 v1.0.1 lets handlers run to completion, and ends the
// input after the exit notification.
type stream struct {
	in     io.ReadCloser
	out    io.WriteCloser
	frames *frames // of in
	ended  func(error)
	exited *atomic.Bool
}

func (s *stream) Read(b []byte) (int, error) {
	if s.exited.Load() {
		s.ended(io.EOF)
		return 0, io.EOF
	}
	n, err := s.frames.Read(b)
	if err != nil {
		s.ended(err)
	}
	return n, err
}

func (s *stream) Write(b []byte) (int, error) { return s.out.Write(b) }

func (s *stream) Close() error {
	err := s.in.Close()
	if e := s.out.Close(); err == nil {
		err = e
	}
	return err
}

// codec encodes with the protocol's own marshalers; its lspCodec is unexported.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error) {
	if raw, ok := v.(jsonrpc2.RawMessage); ok && raw != nil {
		return raw, nil
	}
	return protocol.Marshal(v)
}

func (codec) Unmarshal(data []byte, v any) error {
	if raw, ok := v.(*jsonrpc2.RawMessage); ok {
		*raw = append(jsonrpc2.RawMessage(nil), data...)
		return nil
	}
	return protocol.Unmarshal(data, v)
}
