package hspool

import "testing"

//expand hspool

func Run(t *testing.T) {
	reply := getReply()
	if cap(reply) != 1 {
		t.Errorf("capacity %d", cap(reply))
	}
	reply <- 7
	putReply(reply)
	if len(reply) != 0 {
		t.Error("a stale answer is in the pool")
	}
	putReply(getReply())
}
