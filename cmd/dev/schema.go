package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/invopop/jsonschema"

	"handshake/lsp"
	"handshake/refactor"
)

// settingsSchema returns the JSON schema of the server's settings with their
// comments and defaults, and the rules by name.
func settingsSchema(root string, names []string) (*jsonschema.Schema, error) {
	r := &jsonschema.Reflector{
		Anonymous: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true,
		CommentMap: make(map[string]string),
	}
	if err := fieldComments(r, root); err != nil {
		return nil, err
	}
	s := r.Reflect(lsp.Settings{})
	s.Title, s.Description = "Settings of handshake", ""

	text, err := json.Marshal(lsp.DefaultSettings())
	if err != nil {
		return nil, err
	}
	var defaults map[string]any
	if err := json.Unmarshal(text, &defaults); err != nil {
		return nil, err
	}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		if v := defaults[p.Key]; v != nil {
			p.Value.Default = v
		}
	}
	s.Properties.Set("$schema", &jsonschema.Schema{Type: "string", Description: "Where this schema is, for editors."})
	rules, _ := s.Properties.Get("rules")
	rules.Properties = jsonschema.NewProperties()
	severities, _ := s.Properties.Get("severities")
	severities.PropertyNames = &jsonschema.Schema{}
	severities.AdditionalProperties = &jsonschema.Schema{Type: "string", Enum: []any{"warning", "info", "hint"}}
	for _, name := range names {
		doc, err := os.ReadFile(filepath.Join(root, "refactor", "rules", name, "README.md"))
		if err != nil {
			return nil, err
		}
		rule := refactor.Rule{Doc: string(doc)}
		rules.Properties.Set(name, &jsonschema.Schema{Type: "boolean", Description: rule.Summary()})
		severities.PropertyNames.Enum = append(severities.PropertyNames.Enum, name)
	}
	rules.AdditionalProperties = jsonschema.FalseSchema
	return s, nil
}

// schemaFile returns the JSON schema of .handshake.json.
func schemaFile(settings *jsonschema.Schema) ([]byte, error) {
	out, err := json.MarshalIndent(settings, "", "\t")
	return append(out, '\n'), err
}

// fieldComments gives the reflector the comments of package lsp, each on one line.
func fieldComments(r *jsonschema.Reflector, root string) error {
	dir := filepath.Join(root, "lsp")
	found := &jsonschema.Reflector{}
	if err := found.AddGoComments("", dir); err != nil {
		return err
	}
	for k, v := range found.CommentMap { // by directory, to which the name of a type or field is added
		if name, ok := strings.CutPrefix(k, filepath.ToSlash(dir)); ok {
			r.CommentMap["handshake/lsp"+name] = strings.Join(strings.Fields(v), " ")
		}
	}
	return nil
}
