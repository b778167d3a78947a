package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"handshake/refactor"
	"handshake/refactor/rules"
)

func ruleNamed(all []*refactor.Rule, name string) (*refactor.Rule, error) {
	names := make([]string, len(all))
	for i, r := range all {
		if r.Name == name {
			return r, nil
		}
		names[i] = r.Name
	}
	return nil, fmt.Errorf("unknown rule %q; the rules are %s", name, strings.Join(names, ", "))
}

func listRules(_ context.Context, args []string) int {
	fs := newFlags("rules")
	asJSON := fs.Bool("json", false, "print JSON")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	if fs.NArg() > 0 {
		return fail("rules takes no arguments")
	}
	type rule struct {
		Name     string `json:"name"`
		Severity string `json:"severity"`
		Preview  bool   `json:"preview"`
		OnDemand bool   `json:"onDemand"`
		Summary  string `json:"summary"`
	}
	out := []rule{}
	for _, r := range rules.All() {
		out = append(out, rule{r.Name, r.Severity.String(), r.Preview, r.OnDemand, r.Summary()})
	}
	if *asJSON {
		return printJSON(out)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range out {
		kind := r.Severity
		switch {
		case r.Preview:
			kind = "preview"
		case r.OnDemand:
			kind = "on demand"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, kind, r.Summary)
	}
	w.Flush()
	return exitClean
}

func printJSON(v any) int {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false) // keep "<-" readable
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fail("%v", err)
	}
	return exitClean
}
