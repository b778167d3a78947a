package groupchans

import (
	"testing"

	"handshake/refactor/rules/ruletest"
)

func Test(t *testing.T) { ruletest.Run(t, Rule) }

func TestExecute(t *testing.T) { ruletest.Execute(t, Rule) }
