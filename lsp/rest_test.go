package lsp

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Memory is given back once after each spell of work, not between two keys.
func TestRest(t *testing.T) {
	dir := broken(t)
	bubble(t, func(t *testing.T) {
		var times atomic.Int32
		given := func(want int32) {
			t.Helper()
			if got := times.Load(); got != want {
				t.Errorf("memory was given back %d times, want %d", got, want)
			}
		}
		e := newEditor(t, dir, clientOptions{
			Capabilities: json.RawMessage(fullCapabilities), InitializationOptions: json.RawMessage(`{"scan": false}`),
			prepare: func(s *server) { s.giveBack = func() { times.Add(1) } },
		})
		e.idle()
		given(0)
		e.openFile("a.go")
		e.diagnostics("a.go")
		given(0)
		e.idle()
		given(1)
		e.idle()
		given(1)
		for n := range 3 {
			before := strings.Repeat(" ", n) + "\tbad()\n"
			e.edit([]string{"a.go", before, " " + before})
			<-time.After(restDelay / 2)
		}
		given(1)
		e.idle()
		given(2)
		e.close()
	})
}
