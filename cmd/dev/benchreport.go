package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// report returns the figures as a page.
func report(figures []figure, edits int) string {
	var b strings.Builder
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(&b, "# Results of `go run ./cmd/dev bench lsp`\n\n")
	fmt.Fprintf(&b, "%s/%s, %d processors, %s; load at the end: %s. All servers in one run, one after the other; %d edits of a body,\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), strings.Join(strings.Fields(string(load))[:min(3, len(strings.Fields(string(load))))], " "), edits)
	fmt.Fprintf(&b, "each a new text. Median / 95th percentile in ms. An edit lasts until the diagnostics tell of it: handshake's of a\n")
	fmt.Fprintf(&b, "channel that is closed twice, gopls' of a self-assignment (an analyzer, which gopls runs after a delay of 1 s).\n\n")
	b.WriteString("| package (lines) | server | first, cold / warm | body edit | declaration edit | import edit | codeAction | resolve | CPU per edit | RSS, peak MB |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range figures {
		fmt.Fprintf(&b, "| %s (%d) | %s | %.0f / %.0f | %v | %v | %v | %v | %v | %.0f | %d, %d |\n",
			f.Target, f.Lines, f.Server, f.ColdMS, f.WarmMS, f.Body, f.Declaration, f.Import, f.Action, f.Resolve, f.CPU, f.RSS, f.Peak)
	}
	for i := 0; i+1 < len(figures); i += 2 {
		ours, peer := figures[i], figures[i+1]
		if ours.Target == peer.Target && len(ours.Body) > 0 && ours.RSS > 0 && ours.CPU > 0 {
			fmt.Fprintf(&b, "\n%s: a body edit is told %.0f times as fast, with %.2f times the CPU and %.2f times the memory.\n", ours.Target,
				peer.Body[len(peer.Body)/2]/ours.Body[len(ours.Body)/2], ours.CPU/peer.CPU, float64(ours.RSS)/float64(peer.RSS))
		}
	}
	return b.String()
}
