package hsserver

import "testing"

import (
	"io"
	"net/http"
)

func Run(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello")
	})
	if err := plain(handler); err != nil {
		t.Error(err)
	}
	body, err := withWork(handler)
	if err != nil || body != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
	// The parent returns early: the goroutine still ends.
	if err := leave(handler); err != failed {
		t.Errorf("got %v", err)
	}
}

var failed = errors.New("left early")

func plain(handler http.Handler) error {
	//expand hsserver
	if cap(served) != 1 {
		return errors.New("served is not buffered")
	}
	return nil
}

func withWork(handler http.Handler) (body string, _ error) {
	inner := func() error {
		//expand hsserver: body = get(ln.Addr().String())
		return nil
	}
	err := inner()
	return body, err
}

func get(addr string) string {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + addr)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}

func leave(handler http.Handler) error {
	gone := true
	//expand hsserver: if gone { return failed }
	return nil
}
