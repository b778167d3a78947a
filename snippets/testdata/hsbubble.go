package hsbubble

import "testing"

func compute() int { return 42 }

//expand hsbubble

func Run(t *testing.T) {
	TestName(t)
}
