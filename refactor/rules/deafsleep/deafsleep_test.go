package deafsleep

import (
	"testing"

	"handshake/refactor/rules/ruletest"
)

func TestRule(t *testing.T) { ruletest.Run(t, Rule) }
