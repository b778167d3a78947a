package hsguard

import "testing"

import (
	"bytes"
	"strings"
)

func Run(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	plain := func() {
		//expand hsguard
	}
	plain()
	if logged.Len() > 0 {
		t.Errorf("logged %q", &logged)
	}

	//expand hsguard: panic("boom")
	if !strings.Contains(logged.String(), "goroutine panicked: boom") {
		t.Errorf("logged %q", &logged)
	}
}
