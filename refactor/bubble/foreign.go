package bubble

import (
	"go/types"
	"strings"
)

// What is known of other packages. Nothing of what is listed here does I/O by
// itself, starts a goroutine that stays, spins, or keeps a channel, group or
// timer for others: what a function reads and writes it reads and writes through
// what it was handed, and that was made by functions which are listed too.

// quiet are packages of which everything can be called.
var quiet = set(`bufio bytes cmp compress/flate compress/gzip compress/zlib container/heap container/list container/ring context
	crypto/hmac crypto/md5 crypto/rand crypto/sha1 crypto/sha256 crypto/sha512 crypto/subtle encoding encoding/base32 encoding/base64
	encoding/binary encoding/csv encoding/gob encoding/hex encoding/json encoding/xml errors hash hash/adler32 hash/crc32 hash/crc64
	hash/fnv hash/maphash html io iter maps math math/big math/bits math/cmplx math/rand math/rand/v2 net/netip net/textproto net/url
	path reflect regexp regexp/syntax slices sort strconv strings sync sync/atomic testing/iotest text/tabwriter text/template
	time unicode unicode/utf16 unicode/utf8 unique unsafe
	golang.org/x/exp/constraints golang.org/x/exp/maps golang.org/x/exp/slices golang.org/x/sync/errgroup golang.org/x/sync/semaphore
	golang.org/x/time/rate
	github.com/cespare/xxhash/v2 github.com/google/go-cmp/cmp github.com/google/go-cmp/cmp/cmpopts github.com/google/uuid
	github.com/pkg/errors github.com/stretchr/testify/assert github.com/stretchr/testify/require go.uber.org/atomic go.uber.org/multierr
	github.com/hashicorp/go-multierror google.golang.org/grpc/codes google.golang.org/grpc/status
	internal/testenv`)

// loud are functions of quiet packages that do I/O all the same, keep what they
// are handed, or are not for a bubble.
var loud = set(`text/template.ParseFiles text/template.ParseGlob text/template.ParseFS
	github.com/stretchr/testify/assert.FileExists github.com/stretchr/testify/assert.DirExists
	github.com/stretchr/testify/require.FileExists github.com/stretchr/testify/require.DirExists`)

// some are functions, and variables, of other packages that can be used.
var some = set(`fmt.Append fmt.Appendf fmt.Appendln fmt.Errorf fmt.Fprint fmt.Fprintf fmt.Fprintln fmt.Fscan fmt.Fscanf fmt.Fscanln
	fmt.FormatString fmt.Sprint fmt.Sprintf fmt.Sprintln fmt.Sscan fmt.Sscanf fmt.Sscanln
	log.New log/slog.New log/slog.NewTextHandler log/slog.NewJSONHandler log/slog.DiscardHandler log/slog.String log/slog.Int log/slog.Any
	log/slog.Duration log/slog.Bool log/slog.Group
	net.CIDRMask net.IPv4 net.IPv4Mask net.JoinHostPort net.ParseCIDR net.ParseIP net.ParseMAC net.Pipe net.SplitHostPort
	net/http.CanonicalHeaderKey net/http.Error net/http.NewRequest net/http.NewRequestWithContext net/http.NewServeMux net/http.NotFound
	net/http.ReadRequest net/http.ReadResponse net/http.StatusText
	net/http/httptest.NewRecorder net/http/httptest.NewRequest net/http/httptest.NewRequestWithContext
	os.Getenv os.Getpid os.IsExist os.IsNotExist os.LookupEnv os.Setenv os.Unsetenv
	path/filepath.Base path/filepath.Clean path/filepath.Dir path/filepath.Ext path/filepath.Join
	runtime.Caller runtime.Callers runtime.CallersFrames runtime.FuncForPC runtime.GC runtime.GOMAXPROCS runtime.Goexit runtime.GOOS
	runtime.KeepAlive runtime.NumCPU runtime.ReadMemStats runtime.Version runtime/debug.PrintStack runtime/debug.Stack
	testing.AllocsPerRun testing.CoverMode testing.Init testing.Short testing.Testing testing.Verbose
	golang.org/x/sync/singleflight.Do golang.org/x/sync/singleflight.Forget
	go.uber.org/zap.NewNop go.uber.org/zap/zaptest.NewLogger`)

// methods are the types of other packages whose methods can be called.
var methods = set(`fmt.State log.Logger log/slog.Logger log/slog.Attr log/slog.Value net.IP net.IPMask net.IPNet net.AddrError net.OpError net.TCPAddr net.UDPAddr
	net/http.Cookie net/http.HandlerFunc net/http.Header net/http.Request net/http.ServeMux net/http/httptest.ResponseRecorder
	os.PathError os.SyscallError reflect.Value runtime.Frames runtime.Func runtime.PanicNilError
	golang.org/x/sync/singleflight.Group go.uber.org/zap.Logger go.uber.org/zap.SugaredLogger`)

func set(list string) map[string]bool {
	out := make(map[string]bool)
	for _, name := range strings.Fields(list) {
		out[name] = true
	}
	return out
}

// usable reports whether code in a bubble may use a function, method or
// variable of another package. Methods of interfaces are those of values that
// were made by what is usable.
func usable(obj types.Object) bool {
	if obj.Pkg() == nil { // error.Error
		return true
	}
	path := obj.Pkg().Path()
	name := path + "." + obj.Name()
	if v, ok := obj.(*types.Var); ok {
		return v.IsField() || quiet[path] || some[name] || !shared(v.Type())
	}
	f, ok := obj.(*types.Func)
	if !ok {
		return true // a type or constant
	}
	if recv := f.Signature().Recv(); recv != nil {
		if types.IsInterface(recv.Type()) {
			return true
		}
		if path == "testing" {
			return !barred[f.Name()]
		}
		if quiet[path] {
			return !loud[name]
		}
		t := recv.Type()
		if p, ok := t.Underlying().(*types.Pointer); ok && types.Unalias(t) == types.Type(p) {
			t = p.Elem()
		}
		n, ok := types.Unalias(t).(*types.Named)
		return ok && methods[path+"."+n.Obj().Name()]
	}
	return quiet[path] && !loud[name] || some[name]
}

// barred are the methods of a test that must not be called in a bubble, or
// that have another meaning there, and those of benchmarks.
var barred = set("Run Parallel Deadline Skip Skipf SkipNow Chdir ArtifactDir TempDir Loop RunParallel StartTimer StopTimer ResetTimer Fuzz Add")

func isError(t types.Type) bool {
	return types.Identical(t, types.Universe.Lookup("error").Type())
}

// waits are functions and methods that let time pass, or act when it has.
var waits = set("After AfterFunc NewTicker NewTimer Sleep Tick")

// letsPass reports whether a function waits for the clock.
func letsPass(f *types.Func) bool {
	if f.Pkg() == nil {
		return false
	}
	switch f.Pkg().Path() {
	case "time":
		return f.Signature().Recv() == nil && waits[f.Name()] || f.Name() == "Reset"
	case "context":
		return strings.HasPrefix(f.Name(), "WithTimeout") || strings.HasPrefix(f.Name(), "WithDeadline")
	case "golang.org/x/time/rate":
		return true
	}
	return false
}

// mayBlock reports whether a function that is usable may wait for somebody else
// in a way that package chanflow does not see; piped says whether what is read
// and written may be a pipe.
func mayBlock(f *types.Func, piped bool) bool {
	if f.Pkg() == nil {
		return false
	}
	switch f.Pkg().Path() {
	case "golang.org/x/sync/semaphore", "golang.org/x/time/rate", "golang.org/x/sync/singleflight":
		return true
	case "context", "errors", "fmt", "sync", "sync/atomic", "time", "testing", "bytes", "strings", "sort", "slices":
		return piped && strings.HasPrefix(f.Name(), "F") && f.Pkg().Path() == "fmt"
	}
	return piped
}
