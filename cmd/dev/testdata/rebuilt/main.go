// The kernels here are rebuilt from the descriptions of leaks that the Go
// distribution does not have. A program runs the one that it is called with.
package main

import (
	"os"
	"runtime/pprof"
	"time"
)

var kernels = make(map[string]func())

func register(name string, kernel func()) { kernels[name] = kernel }

func main() {
	kernels[os.Args[1]]()
	// Those that leak are stuck long before.
	time.Sleep(100 * time.Millisecond)
	pprof.Lookup("goroutineleak").WriteTo(os.Stdout, 2)
}
