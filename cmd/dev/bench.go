package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const benchUsage = `usage: go run ./cmd/dev bench all|lsp|check|soak [flags] [NAME=FILE ...]

lsp opens each file in handshake and in gopls and edits it; nothing on the disk
is changed. Without arguments the file is server.go of net/http in the Go
distribution. check runs "handshake check", staticcheck and go vet on all
modules of etcd. all is lsp for net/http and the packages of etcd, prometheus
and moby that the issue names, and check; it takes a quarter of an hour. Results
are written into -out: RESULTS.md and results.json. soak types -keys keys at a
server, and a twentieth of them with the leak profile, and writes SOAK.md.

`

type benchOptions struct {
	gopls, staticcheck string // programs to compare with; "" for none
	out                string
	edits, keys        int
	corpus             options // where the repositories are
}

// The repositories of the benchmark, each with the file that is edited.
var benched = []struct {
	repository
	name, file string
}{
	{repository{Repo: "etcd-io/etcd", Commit: "c34dc7ee0048fd2bcc44d50beff002e5e8069b69"}, "etcd", "server/etcdserver/server.go"},
	{repository{Repo: "prometheus/prometheus", Commit: "d15adb9ad7e5d9fbde3a9a8f30200593a5a14d86", Skip: []string{"tsdb/testdata/20kseries.json"}}, "prometheus", "tsdb/db.go"},
	{repository{Repo: "moby/moby", Commit: "b985e2313a8676e18072b442911fc8f64f17d440"}, "moby", "daemon/daemon.go"},
}

func bench(ctx context.Context, root string, stdout io.Writer, args []string) error {
	o := new(benchOptions)
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.StringVar(&o.gopls, "gopls", "gopls", "the `program` to compare the server with; none if empty")
	fs.StringVar(&o.staticcheck, "staticcheck", "staticcheck", "the `program` to compare check with; none if empty")
	fs.StringVar(&o.out, "out", filepath.Join(root, "testdata", "bench"), "the `folder` to write to")
	fs.IntVar(&o.edits, "edits", 40, "edits of each kind; a quarter of them in gopls")
	fs.IntVar(&o.keys, "keys", 200_000, "keys of the soak")
	fs.StringVar(&o.corpus.mirror, "mirror", "", "where git directories exist already, such as `/srv/git/{owner}/{name}.git`; nothing is fetched")
	fs.Usage = func() { fmt.Fprint(fs.Output(), benchUsage); fs.PrintDefaults() }
	if len(args) == 0 {
		fs.Usage()
		return errors.New("all, lsp, check or soak?")
	}
	what := args[0]
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if what == "soak" {
		return soak(ctx, o, root, stdout)
	}
	dir, err := os.MkdirTemp("", "handshake-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "handshake")
	if err := build(ctx, root, binary); err != nil {
		return err
	}
	targets := []target{{"net/http", filepath.Join(runtime.GOROOT(), "src", "net", "http", "server.go")}}
	if fs.NArg() > 0 {
		targets = nil
	}
	for _, arg := range fs.Args() {
		name, file, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=FILE", arg)
		}
		targets = append(targets, target{name, file})
	}
	etcd := ""
	if what != "lsp" {
		if o.corpus.dir, err = filepath.EvalSymlinks(dir); err != nil {
			return err
		}
		for _, r := range benched {
			if what == "check" && r.name != "etcd" {
				continue
			}
			checkout, err := o.corpus.copyOf(ctx, r.repository)
			if err != nil {
				return err
			}
			if r.name == "etcd" {
				etcd = checkout
			}
			targets = append(targets, target{r.name, filepath.Join(checkout, filepath.FromSlash(r.file))})
		}
	}
	var r benchResults
	if what != "check" {
		if r.Servers, err = benchServers(ctx, o, dir, binary, targets, stdout); err != nil {
			return err
		}
	}
	if what != "lsp" {
		if r.Checks, err = benchChecks(ctx, o, dir, binary, etcd, stdout); err != nil {
			return err
		}
	}
	return r.write(o.out, o.edits)
}

// benchResults are what results.json has.
type benchResults struct {
	Servers []figure      `json:",omitempty"`
	Checks  []checkFigure `json:",omitempty"`
}

func (r benchResults) write(dir string, edits int) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "results.json"), append(raw, '\n'), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "RESULTS.md"), []byte(report(r, edits)), 0o666)
}

// soak runs TestSoak, and with fewer keys again with the leak profile.
func soak(ctx context.Context, o *benchOptions, root string, stdout io.Writer) error {
	page := fmt.Sprintf("# Results of `go run ./cmd/dev bench soak`\n\n%s\n\nSomebody types at a file at random, through states that do not parse, while files, modules and folders come and go\n"+
		"(lsp/soak_test.go). After each key the document is compared; every request is answered. Heap after a collection.\n", machine())
	for _, run := range []struct {
		keys       int
		experiment string
	}{{o.keys, ""}, {o.keys / 20, "goroutineleakprofile"}} {
		cmd := exec.CommandContext(ctx, "go", "test", "./lsp", "-run=^TestSoak$", "-v", "-count=1", "-timeout=0")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), fmt.Sprintf("HANDSHAKE_SOAK=%d", run.keys), "GOEXPERIMENT="+run.experiment)
		said, err := cmd.CombinedOutput()
		stdout.Write(said)
		if err != nil {
			return err
		}
		page += "\n```\n"
		for line := range strings.Lines(string(said)) {
			if _, curve, ok := strings.Cut(line, ".go:"); ok {
				_, curve, _ = strings.Cut(curve, ": ")
				page += curve
			}
		}
		page += "```\n"
	}
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.out, "SOAK.md"), []byte(page+"\nThe second run has the experiment goroutineleakprofile and runs in real time.\n"), 0o666)
}
