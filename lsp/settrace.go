package lsp

import (
	"fmt"
	"strings"
	"time"

	"go.lsp.dev/protocol"
)

// A traceLevel says what the client wants to know of the server's work
// (LSP 3.17, "TraceValue").
type traceLevel int32

const (
	traceOff traceLevel = iota
	traceMessages
	traceVerbose
)

// setTrace handles $/setTrace.
func (s *session) setTrace(p *struct {
	Value string `json:"value"`
}) error {
	s.traceAs(p.Value)
	return nil
}

// traceAs sets the level; an unknown one is off.
func (s *session) traceAs(value string) {
	level := traceOff
	switch value {
	case "messages":
		level = traceMessages
	case "verbose":
		level = traceVerbose
	}
	s.trace.Store(int32(level))
}

// traceLimit is how many bytes of a message's parameters a trace tells: a
// document can be large.
const traceLimit = 1000

// traced tells the client that a message was handled, what came of it and how
// long it took since start.
func (s *session) traced(name, id string, params []byte, start time.Time, err error) {
	level := traceLevel(s.trace.Load())
	if level == traceOff || strings.HasPrefix(name, "$/") {
		return
	}
	message := fmt.Sprintf("%s%s took %v", name, id, time.Since(start).Round(time.Microsecond))
	if err != nil {
		message += ": " + err.Error()
	}
	p := &protocol.LogTraceParams{Message: message}
	if level == traceVerbose {
		verbose := string(params[:min(len(params), traceLimit)])
		verbose = strings.ToValidUTF8(verbose, "")
		p.Verbose = &verbose
	}
	s.outbox.send(protocol.MethodLogTrace, p)
}
