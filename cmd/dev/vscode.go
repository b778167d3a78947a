package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
)

// vscodeSettings is the place of the server's settings in the manifest of the
// extension for VS Code, as a JSON pointer (RFC 6901).
const vscodeSettings = "/contributes/configuration/1"

// vscodeManifest returns editors/vscode/package.json with the server's settings
// as they are now. All else stays as it is, to the byte.
func vscodeManifest(root string, settings *jsonschema.Schema) ([]byte, error) {
	old, err := os.ReadFile(filepath.Join(root, "editors", "vscode", "package.json"))
	if errors.Is(err, fs.ErrNotExist) {
		old, err = []byte(`{"contributes": {"configuration": [{}, {}]}}`+"\n"), nil
	}
	if err != nil {
		return nil, err
	}
	properties := jsonschema.NewProperties()
	for p := settings.Properties.Oldest(); p != nil; p = p.Next() {
		if p.Key == "$schema" {
			continue // of the file only
		}
		s := *p.Value
		if p.Key == "snippets" {
			s.Default = false // the extension contributes them
		}
		properties.Set("handshake."+p.Key, &s)
	}
	value, err := json.MarshalIndent(struct {
		Title      string `json:"title"`
		Properties any    `json:"properties"`
	}{"Server", properties}, "\t\t\t", "\t")
	if err != nil {
		return nil, err
	}
	start, end, err := valueAt(old, vscodeSettings)
	if err != nil {
		return nil, fmt.Errorf("editors/vscode/package.json: %w", err)
	}
	return bytes.Join([][]byte{old[:start], value, old[end:]}, nil), nil
}

// valueAt returns where the value at a JSON pointer begins and ends.
func valueAt(text []byte, pointer jsontext.Pointer) (start, end int64, err error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return 0, 0, fmt.Errorf("there is nothing at %s", pointer)
		}
		if err != nil {
			return 0, 0, err
		}
		if kind := token.Kind(); dec.StackPointer() != pointer || kind != '{' {
			continue
		}
		start = dec.InputOffset() - 1
		depth := dec.StackDepth()
		for dec.StackDepth() >= depth {
			if _, err := dec.ReadToken(); err != nil {
				return 0, 0, err
			}
		}
		return start, dec.InputOffset(), nil
	}
}
