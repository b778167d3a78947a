package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/natefinch/atomic"
)

// cacheProg is a cache program for the go command (go help cache; the protocol is
// that of cmd/go/internal/cacheprog): GOCACHEPROG="dev cacheprog DIR" keeps what is
// built and vetted in a directory that checkouts, or machines, share. It is the least
// that does it, to measure with.
func cacheProg(dir string, in io.Reader, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	type request struct {
		ID                 int64
		Command            string
		ActionID, OutputID []byte
		BodySize           int64
	}
	type response struct {
		ID            int64
		Err           string     `json:",omitempty"`
		KnownCommands []string   `json:",omitempty"`
		Miss          bool       `json:",omitempty"`
		OutputID      []byte     `json:",omitempty"`
		Size          int64      `json:",omitempty"`
		Time          *time.Time `json:",omitempty"`
		DiskPath      string     `json:",omitempty"`
	}
	dec, enc := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	if err := enc.Encode(response{KnownCommands: []string{"get", "put", "close"}}); err != nil {
		return err
	}
	object := func(id []byte) string { return filepath.Join(dir, hex.EncodeToString(id)+"-d") }
	for {
		var q request
		if err := dec.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a := response{ID: q.ID}
		action := filepath.Join(dir, hex.EncodeToString(q.ActionID)+"-a")
		switch q.Command {
		case "get":
			id, err := os.ReadFile(action)
			info, statErr := os.Stat(object(id))
			if err := errors.Join(err, statErr); errors.Is(err, fs.ErrNotExist) {
				a.Miss = true
			} else if err != nil {
				a.Err = err.Error()
			} else {
				at := info.ModTime()
				a.OutputID, a.Size, a.Time, a.DiskPath = id, info.Size(), &at, object(id)
			}
		case "put":
			var body []byte // which JSON has as base64
			if q.BodySize > 0 {
				if err := dec.Decode(&body); err != nil {
					return err
				}
			}
			a.DiskPath = object(q.OutputID)
			err := atomic.WriteFile(a.DiskPath, bytes.NewReader(body))
			if err = errors.Join(err, atomic.WriteFile(action, bytes.NewReader(q.OutputID))); err != nil {
				a.Err = err.Error()
			}
		case "close":
			return enc.Encode(a)
		default:
			a.Err = fmt.Sprintf("unknown command %q", q.Command)
		}
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
}
