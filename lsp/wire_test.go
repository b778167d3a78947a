package lsp

import (
	"encoding/json"
	"fmt"
)

// What the server sends, decoded without the protocol package.

type action struct {
	Title       string `json:"title"`
	Kind        string `json:"kind"`
	IsPreferred bool   `json:"isPreferred"`
	Disabled    *struct{ Reason string }
	Edit        *workspaceEdit  `json:"edit"`
	Diagnostics []any           `json:"diagnostics"`
	Data        json.RawMessage `json:"data"`
	Command     *struct {
		Command   string            `json:"command"`
		Arguments []json.RawMessage `json:"arguments"`
	} `json:"command"`
	raw json.RawMessage
}

type workspaceEdit struct {
	Changes         map[string][]textEdit `json:"changes"`
	DocumentChanges []struct {
		TextDocument struct {
			URI     string          `json:"uri"`
			Version json.RawMessage `json:"version"` // null if the file is not open, never absent
		} `json:"textDocument"`
		Edits []textEdit `json:"edits"`
	} `json:"documentChanges"`
	ChangeAnnotations map[string]struct {
		Label             string `json:"label"`
		Description       string `json:"description"`
		NeedsConfirmation bool   `json:"needsConfirmation"`
	} `json:"changeAnnotations"`
}

type textEdit struct {
	Range   textRange `json:"range"`
	NewText string    `json:"newText"`
	Snippet *struct {
		Kind, Value string
	} `json:"snippet"`
	AnnotationID string `json:"annotationId"`
}

type item struct {
	Label               string     `json:"label"`
	Detail              string     `json:"detail"`
	InsertTextFormat    int        `json:"insertTextFormat"`
	TextEdit            textEdit   `json:"textEdit"`
	AdditionalTextEdits []textEdit `json:"additionalTextEdits"`
}

type published struct {
	URI         string       `json:"uri"`
	Version     int          `json:"version"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

type diagnostic struct {
	Range              textRange                   `json:"range"`
	Severity           int                         `json:"severity"`
	Code               string                      `json:"code"`
	Source             string                      `json:"source"`
	Message            string                      `json:"message"`
	CodeDescription    *struct{ Href string }      `json:"codeDescription"`
	Data               *struct{ Rule, Key string } `json:"data"`
	RelatedInformation []struct {
		Location struct {
			URI   string    `json:"uri"`
			Range textRange `json:"range"`
		} `json:"location"`
		Message string `json:"message"`
	} `json:"relatedInformation"`
}

// span prints a range as the protocol counts it.
func span(r textRange) string {
	return fmt.Sprintf("%d:%d-%d:%d", r.Start.Line, r.Start.Character, r.End.Line, r.End.Character)
}
