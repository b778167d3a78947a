package lsp

import (
	"context"
	"fmt"
	"time"

	"handshake/refactor/load"
)

// loadPatience is how long the go command may take. It takes seconds for the
// largest workspaces.
const loadPatience = 2 * time.Minute

var errSlow = fmt.Errorf("the go command has not answered for %v; handshake goes on with what it knows", loadPatience)

// goList asks the go command for packages, and stops it if it takes too long.
func (s *session) goList(ctx context.Context, cfg load.Config, patterns ...string) (*load.Graph, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := s.expire(func() { cancel(errSlow) })
	defer stop()
	graph, err := s.load(ctx, cfg, patterns...)
	if err != nil && context.Cause(ctx) == errSlow {
		return nil, errSlow
	}
	return graph, err
}
