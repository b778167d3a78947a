package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine tells in one line what figures depend on.
func machine() string {
	load, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(load))
	return fmt.Sprintf("%s: %s/%s, %d processors, %s; load at the end: %s.", time.Now().UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), runtime.Version(), strings.Join(fields[:min(3, len(fields))], " "))
}

// report returns the results as a page.
func report(r benchResults, edits int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Results of `go run ./cmd/dev bench`\n\n%s One after the other.\n", machine())
	if len(r.Servers) > 0 {
		reportServers(&b, r.Servers, edits)
	}
	if len(r.Checks) > 0 {
		b.WriteString("\n## All modules of etcd from the command line\n\nSeconds. Cold: without a cache of its own; what the go command has compiled is there.\n\n" +
			"| | cold | CPU | warm |\n|---|---|---|---|\n")
		for _, f := range r.Checks {
			fmt.Fprintf(&b, "| %s | %.1f | %.1f | %.2f |\n", f.Name, f.ColdMS/1000, f.ColdCPU/1000, f.WarmMS/1000)
		}
	}
	return b.String()
}

func reportServers(b *strings.Builder, figures []figure, edits int) {
	fmt.Fprintf(b, "\n## Servers\n\n%d edits of a body, each a new text; a quarter of that in gopls. Median / 95th percentile in ms. An edit lasts until the\n", edits)
	b.WriteString("diagnostics tell of it: handshake's of a channel that is closed twice, gopls' of a self-assignment (an analyzer, which\n" +
		"gopls runs after a delay of 1 s). Lines are those of the package with its tests. MB: after the first diagnostics, after the edits, after a pause; peak.\n\n" +
		"| package (lines) | server | first, cold / warm | body edit | declaration edit | import edit | codeAction | resolve | CPU per edit | MB |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range figures {
		fmt.Fprintf(b, "| %s (%d) | %s | %.0f / %.0f | %v | %v | %v | %v | %v | %.0f | %d, %d, %d; %d |\n",
			f.Target, f.Lines, f.Server, f.ColdMS, f.WarmMS, f.Body, f.Declaration, f.Import, f.Action, f.Resolve, f.CPU, f.Open, f.RSS, f.Rest, f.Peak)
	}
	b.WriteString("\n| workspace of | scan, from the start of the process | again | MB, peak |\n|---|---|---|---|\n")
	for _, f := range figures {
		if f.ScanMS > 0 {
			fmt.Fprintf(b, "| %s | %.1f s | %.1f s | %d, %d |\n", f.Target, f.ScanMS/1000, f.RescanMS/1000, f.ScanRSS, f.ScanPeak)
		}
	}
	for i := 0; i+1 < len(figures); i += 2 {
		ours, peer := figures[i], figures[i+1]
		if ours.Target == peer.Target && len(ours.Body) > 0 && ours.RSS > 0 && ours.CPU > 0 {
			fmt.Fprintf(b, "\n%s: a body edit is told %.0f times as fast, with %.2f times the CPU and %.2f times the memory.\n", ours.Target,
				peer.Body[len(peer.Body)/2]/ours.Body[len(ours.Body)/2], ours.CPU/peer.CPU, float64(ours.RSS)/float64(peer.RSS))
		}
	}
}
