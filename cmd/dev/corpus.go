package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options say what the corpus command does.
type options struct {
	dir    string        // where repositories and copies are kept
	mirror string        // git directories that exist already; empty to fetch
	pins   string        // file that lists the repositories; empty for the list of this checkout
	binary string        // the handshake that is measured
	repos  []string      // those to look at; empty for all
	tests  []string      // directories of the packages whose tests run before and after
	run    string        // regular expression of the tests to run
	limit  time.Duration // for the tests of a package
	vet    bool          // ask the compiler and vet about what was changed
	asJSON bool
	list   bool   // print each finding
	diff   bool   // print what was changed
	sites  string // file with the verdicts of a reader; empty for none
	only   bool   // check only, change nothing
	sample int    // how many findings to print for a reader, of those with a fix and of those without
	seed   uint64 // of the sample
}

// corpus measures the rules on public repositories: args are its flags.
func corpus(ctx context.Context, root string, out io.Writer, args []string) error {
	o, err := corpusOptions(args)
	if err != nil {
		return err
	}
	repos, err := pinned(cmp.Or(o.pins, filepath.Join(root, "cmd", "dev", "corpus.json")), o.repos)
	if err != nil {
		return err
	}
	var sites []site
	if o.sites != "" {
		if sites, err = readSites(o.sites); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return err
	}
	if o.binary == "" {
		o.binary = filepath.Join(o.dir, "handshake")
		if err := build(ctx, root, o.binary); err != nil {
			return err
		}
	}
	var all []*result
	for _, r := range repos {
		fmt.Fprintln(os.Stderr, r.Repo)
		res, err := o.measure(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Repo, err)
		}
		for _, s := range sites {
			if s.Repo == r.Repo {
				res.Sites = append(res.Sites, s.judge(res.findings))
			}
		}
		all = append(all, res)
		if !o.asJSON {
			o.printDetails(out, res)
		}
	}
	if o.sample > 0 && !o.asJSON {
		o.printSample(out, all)
	}
	if o.asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(all)
	} else {
		err = printCorpus(out, all)
	}
	n := 0
	for _, r := range all {
		n += len(r.faults())
	}
	if err == nil && n > 0 {
		err = fmt.Errorf("%d faults", n)
	}
	return err
}

func corpusOptions(args []string) (*options, error) {
	o := new(options)
	var repos, tests string
	fs := flag.NewFlagSet("corpus", flag.ContinueOnError)
	fs.StringVar(&o.dir, "dir", "", "`directory` for repositories and copies (default handshake/corpus in the user's cache folder)")
	fs.StringVar(&o.mirror, "mirror", "", "where git directories exist already, such as `/srv/git/{owner}/{name}.git`; nothing is fetched")
	fs.StringVar(&o.binary, "handshake", "", "the `program` to measure (default that of this checkout)")
	fs.StringVar(&o.pins, "pins", "", "`file` that lists other repositories, in the form of cmd/dev/corpus.json")
	fs.StringVar(&repos, "repos", "", "comma-separated `repositories`: owner/name or name (default all)")
	fs.StringVar(&tests, "test", "", "comma-separated `directories`, perhaps with /..., of packages whose tests run under -race before and after the fixes")
	fs.StringVar(&o.run, "run", "", "`regexp` of the tests to run (default all)")
	fs.DurationVar(&o.limit, "timeout", 5*time.Minute, "`limit` for the tests of one package")
	fs.BoolVar(&o.vet, "vet", false, "run go vet on the changed packages before and after the fixes")
	fs.BoolVar(&o.asJSON, "json", false, "print JSON")
	fs.BoolVar(&o.list, "list", false, "print each finding with its fixes")
	fs.BoolVar(&o.diff, "diff", false, "print what the fixes change")
	fs.BoolVar(&o.only, "check", false, "check only, without making the fixes")
	fs.IntVar(&o.sample, "sample", 0, "print `n` findings with a fix and as many without, drawn at random over all repositories, with what stands around them")
	fs.Uint64Var(&o.seed, "seed", 1, "the `number` that the sample is drawn with")
	fs.StringVar(&o.sites, "sites", "", "`file` with a table of places and verdicts to compare with")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("corpus takes no arguments, but got %q", fs.Args())
	}
	o.repos, o.tests = fields(repos), fields(tests)
	if o.dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		o.dir = filepath.Join(cache, "handshake", "corpus")
	}
	var err error
	o.dir, err = filepath.Abs(o.dir)
	return o, err
}

// fields splits a list at its commas.
func fields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// A repository is one of the corpus.
type repository struct {
	Repo    string   `json:"repo"`    // owner/name
	Commit  string   `json:"commit"`  // in full
	Modules []string `json:"modules"` // directories of the modules to look at; none means "."
	Skip    []string `json:"skip"`    // big files that no package needs
}

// pinned reads the list of repositories and picks some; no names pick all.
func pinned(file string, names []string) ([]repository, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all, picked []repository
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i := range all {
		if len(all[i].Modules) == 0 {
			all[i].Modules = []string{"."}
		}
	}
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(all, func(r repository) bool {
			return r.Repo == name || strings.HasSuffix(r.Repo, "/"+name)
		})
		if i < 0 {
			return nil, fmt.Errorf("no repository %q in %s", name, file)
		}
		picked = append(picked, all[i])
	}
	return picked, nil
}

// build makes the program of the checkout at root.
func build(ctx context.Context, root, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/handshake")
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(err, errors.New(string(said)))
	}
	return nil
}
