package machine

import (
	"fmt"
	"strings"
)

// list returns a program in words.
func list(p *Program) string {
	var b strings.Builder
	for c, code := range p.Codes {
		fmt.Fprintf(&b, "code %d\n", c)
		for i, op := range code.Ops {
			fmt.Fprintf(&b, "\t%d %v %s n=%d next=%v cases=%v default=%v\n", i, op.Kind, p.Vars[op.Var].Name, op.N, op.Next, op.Cases, op.Default)
		}
	}
	return b.String()
}
