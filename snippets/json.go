package snippets

import (
	"bytes"
	"encoding/json"
)

// JSON returns the snippets as a VS Code snippet file, which LuaSnip's from_vscode
// loader and friendly-snippets read too. Such a file cannot know the language
// version, so that only the newest form of each snippet is in it.
func JSON() []byte {
	type entry struct {
		Prefix      string   `json:"prefix"`
		Body        []string `json:"body"`
		Description string   `json:"description"`
	}
	entries := make(map[string]entry) // by name; encoding/json sorts the keys
	for _, s := range All() {
		if s.Below == "" {
			entries[s.Name] = entry{s.Prefix, s.Body, s.Description}
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // keep "<-" readable
	enc.SetIndent("", "\t")
	if err := enc.Encode(entries); err != nil {
		panic(err) // strings always encode
	}
	return buf.Bytes()
}
