package replyerr

import (
	"testing"

	"handshake/refactor/rules/ruletest"
)

func Test(t *testing.T) { ruletest.Run(t, Rule) }
