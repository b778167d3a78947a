package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

func version(_ context.Context, args []string) int {
	fs := newFlags("version")
	asJSON := fs.Bool("json", false, "print JSON")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	v := buildVersion()
	platform := runtime.GOOS + "/" + runtime.GOARCH
	if *asJSON {
		return printJSON(struct {
			Version  string `json:"version"`
			Go       string `json:"go"`
			Platform string `json:"platform"`
		}{v, runtime.Version(), platform})
	}
	fmt.Println("handshake", v, runtime.Version(), platform)
	return exitClean
}

// buildVersion returns the version that the go command stamped on the binary:
// a tag, a pseudo-version, or "(devel)".
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
