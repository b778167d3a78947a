package verify

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
)

// A recorder keeps what go test -json says of each package until it is done.
type recorder struct {
	packages map[string]*recording
	builds   map[string][]string            // lines about packages that are built, by their ID
	done     func(pkg string, lines []byte) // is given them compressed
}

type recording struct {
	buf bytes.Buffer
	zip *gzip.Writer
}

func newRecorder(done func(pkg string, lines []byte)) *recorder {
	return &recorder{make(map[string]*recording), make(map[string][]string), done}
}

func (r *recorder) line(e event, line string) {
	if e.Action == "build-output" {
		r.builds[e.ImportPath] = append(r.builds[e.ImportPath], line)
	}
	if e.Package == "" {
		return
	}
	p := r.packages[e.Package]
	if p == nil {
		p = new(recording)
		p.zip = gzip.NewWriter(&p.buf)
		r.packages[e.Package] = p
	}
	for _, l := range append(slices.Clip(r.builds[e.FailedBuild]), line) {
		io.WriteString(p.zip, l) // in memory, where nothing goes wrong
	}
	if e.endsPackage() {
		p.zip.Close()
		r.done(e.Package, p.buf.Bytes())
		delete(r.packages, e.Package)
	}
}
