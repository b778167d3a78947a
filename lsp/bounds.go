package lsp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/uri"
)

// limits bound what a client can make the server keep.
type limits struct {
	header    int // bytes before the body of a message
	message   int // bytes of a body; in JSON a document takes up to twice its size, if it is text
	document  int // bytes of a document
	documents int // that are open
}

var defaultLimits = limits{header: 8 << 10, message: 64 << 20, document: 16 << 20, documents: 10_000}

// frames reads messages within the limits. In place of one that is too large it
// reads a short one, so that the connection goes on and a request is answered:
// see tooLarge.
type frames struct {
	in     *bufio.Reader
	limits *limits
	head   []byte // of the frame at hand: what is left of its header, or of all of it
	body   int    // bytes that are left of the body
}

func newFrames(in io.Reader, l *limits) *frames {
	return &frames{in: bufio.NewReaderSize(in, defaultLimits.header), limits: l}
}

// longestMessage is the length in bytes above which a header is taken to be damaged:
// nobody would send the rest.
const longestMessage = 1 << 30

var errHeader = errors.New("the header of a message has no valid Content-Length or is too long")

func (f *frames) Read(b []byte) (int, error) {
	if len(f.head) == 0 && f.body == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if len(f.head) > 0 {
		n := copy(b, f.head)
		f.head = f.head[n:]
		return n, nil
	}
	n, err := f.in.Read(b[:min(len(b), f.body)])
	f.body -= n
	return n, err
}

// next reads the header of the next frame.
func (f *frames) next() error {
	length := 0
	for read := 0; ; {
		line, err := f.in.ReadSlice('\n')
		read += len(line)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) || read > f.limits.header:
			return errHeader
		case err == io.EOF && read > 0:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		name, value, ok := strings.Cut(string(line), ":")
		if !ok {
			return errHeader
		}
		if strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return errHeader
			}
		}
	}
	switch {
	case length <= 0 || length > longestMessage:
		return errHeader
	case length > f.limits.message:
		short, err := shortened(io.LimitReader(f.in, int64(length)), length)
		f.head = fmt.Appendf(nil, "Content-Length: %d\r\n\r\n%s", len(short), short)
		return err
	}
	f.head, f.body = fmt.Appendf(nil, "Content-Length: %d\r\n\r\n", length), length
	return nil
}

// methodTooLarge is the method of the messages that stand for those that are too
// large. No client sends it.
const methodTooLarge = "handshake/tooLarge"

// tooLarge is what is known of a message that is too large.
type tooLarge struct {
	Method string  `json:"method"`
	URI    uri.URI `json:"uri,omitempty"` // of the document that it is about
	Bytes  int     `json:"bytes"`
}

func (t *tooLarge) Error() string {
	return fmt.Sprintf("a message of %d bytes (%s) is too large", t.Bytes, t.Method)
}

// shortened reads a message that is too large and returns one that stands for
// it. If it cannot be told what the message is, the error says so.
func shortened(body io.Reader, size int) ([]byte, error) {
	outline, err := outlined(bufio.NewReader(body))
	if err != nil {
		return nil, err
	}
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	var about struct {
		TextDocument struct {
			URI uri.URI `json:"uri"`
		} `json:"textDocument"`
	}
	t := &tooLarge{Bytes: size}
	if json.Unmarshal(outline, &m) != nil || m.Method == "" && m.ID == nil {
		t.Method = "unknown"
		return nil, t
	}
	if json.Unmarshal(m.Params, &about) == nil { // parameters may be a list
		t.URI = about.TextDocument.URI
	}
	t.Method = m.Method
	short := map[string]any{"jsonrpc": "2.0"}
	if m.ID != nil {
		short["id"] = m.ID
	}
	if m.Method != "" {
		short["method"], short["params"] = methodTooLarge, t
	} else {
		t.Method = "response"
		short["error"] = map[string]any{"code": int(jsonrpc2.InvalidRequest), "message": t.Error()}
	}
	return json.Marshal(short)
}

// outlined reads a JSON text to its end and returns what is of use of it in
// little space: objects up to the third level, without lists and long strings.
func outlined(r io.ByteReader) ([]byte, error) {
	const longest, most = 4 << 10, 64 << 10
	var out []byte
	var open []byte // brackets that are open
	hidden := func() bool { return len(open) > 3 || bytes.IndexByte(open, '[') >= 0 }
	text, escaped, long, start := false, false, false, 0
	for {
		c, err := r.ReadByte()
		if err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		was := hidden()
		switch {
		case text:
			text = escaped || c != '"'
			escaped = !escaped && c == '\\'
			if long = long || !was && len(out)-start > longest; long && text {
				out = out[:start+1] // only its quotes are left
				continue
			}
		case c == '"':
			text, escaped, long, start = true, false, false, len(out)
		case c == '{' || c == '[':
			if len(open) < most {
				open = append(open, c)
			}
		case (c == '}' || c == ']') && len(open) > 0:
			open = open[:len(open)-1]
		}
		if (!was || !hidden()) && len(out) < most {
			out = append(out, c)
		}
	}
}
