package lsp

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// call makes a method of a function that takes decoded parameters.
func call[P, R any](f func(context.Context, *snapshot, *P) (R, error)) method {
	return method{call: func(ctx context.Context, snap *snapshot, raw []byte) (any, error) {
		var p P
		if err := unmarshal(raw, &p); err != nil {
			return nil, jsonrpc2.Errorf(jsonrpc2.InvalidParams, "invalid parameters: %v", err)
		}
		return f(ctx, snap, &p)
	}}
}

// notification makes a method of a function that takes decoded parameters.
func notification[P any](f func(*P) error) method {
	return method{notify: func(raw []byte) error {
		var p P
		if err := unmarshal(raw, &p); err != nil {
			return err
		}
		return f(&p)
	}}
}

// unmarshal decodes parameters. The protocol package takes "1.0" and "-1" for
// errors where an unsigned integer is due; some clients write such numbers, so
// they are made integers before a second try. Absent parameters leave v alone.
func unmarshal(raw []byte, v any) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	err := protocol.Unmarshal(raw, v)
	if err == nil {
		return nil
	}
	plain, ok := integers(raw)
	if !ok {
		return err
	}
	return protocol.Unmarshal(plain, v)
}

// integers rewrites the numbers of a JSON text that are not written as plain
// integers or do not fit their type: whole numbers lose their fraction and
// exponent, negative ones become 0, and what is larger than an int32 becomes
// the largest one.
func integers(raw []byte) ([]byte, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	out, err := json.Marshal(integer(v))
	return out, err == nil
}

func integer(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = integer(e)
		}
	case []any:
		for i, e := range v {
			v[i] = integer(e)
		}
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE-") && len(v) < 10 {
			return v
		}
		f, err := v.Float64()
		if err != nil || f != math.Trunc(f) {
			return v
		}
		return json.Number(strconv.FormatInt(int64(min(max(f, 0), math.MaxInt32)), 10))
	}
	return v
}
