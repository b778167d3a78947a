package machine

import (
	"math/rand/v2"
	"testing"
)

// A source of choices: random ones, or those that a fuzzer makes.
type source interface{ IntN(n int) int }

type bytesSource struct{ data []byte }

func (b *bytesSource) IntN(n int) int {
	if len(b.data) == 0 {
		return 0
	}
	c := int(b.data[0])
	b.data = b.data[1:]
	return c % n
}

// variables of random programs, and which operations make sense on them
var vars = []Var{
	{Name: "a", Shared: true, Init: Chan},
	{Name: "b", Shared: true, Init: Chan, Cap: 1},
	{Name: "l"},
	{Name: "mu", Shared: true, Init: Mutex},
	{Name: "rw", Shared: true, Init: RWMutex},
	{Name: "wg", Shared: true, Init: WaitGroup},
	{Name: "once", Shared: true, Init: Once},
	{Name: "flag", Shared: true, Init: Flag},
	{Name: "out", Shared: true, Init: Open},
	{Name: "tick", Shared: true, Init: Ready},
	{Name: "late", Shared: true},
	{Name: "ctx", Shared: true, Init: Signal},
	{Name: "sub"},
	{Name: "cond", Shared: true, Init: Cond},
}

const (
	chans = 3 // the first three are channels
	mu    = 3
	rw    = 4
	wg    = 5
	once  = 6
	flag  = 7
	outer = 8 // and above: not for real execution
	late  = 10
	ctx   = 11
	sub   = 12
	cond  = 13
)

// random returns a small program. Codes call and start only those behind them,
// and every way back in one is a choice, so that each run ends or stops. A real
// one can be rendered to Go.
func random(r source, isReal bool) *Program {
	p := &Program{Vars: vars, MainEnds: r.IntN(4) == 0}
	codes := 2 + r.IntN(3)
	for c := range codes {
		size := 2 + r.IntN(6)
		var ops []Op
		if c == 0 {
			ops = append(ops, Op{Kind: Make, Var: 2, Obj: Chan, N: r.IntN(2)})
			if n := r.IntN(3); n > 0 {
				ops = append(ops, Op{Kind: Add, Var: wg, N: n})
			}
			ops = append(ops, Op{Kind: Spawn, N: 1})
		}
		for len(ops) < size {
			ops = append(ops, op(r, c, codes, len(ops), size, isReal))
		}
		p.Codes = append(p.Codes, Code{Ops: ops})
	}
	return p
}

func op(r source, c, codes, at, size int, isReal bool) Op {
	ahead := func() int { return at + 1 + r.IntN(size-at) }
	ch := func() int {
		if isReal || r.IntN(5) > 0 {
			return r.IntN(chans)
		}
		return outer + r.IntN(5)
	}
	later := codes - 1 - c
	for {
		switch r.IntN(27) {
		case 0, 1:
			return Op{Kind: Send, Var: ch()}
		case 2, 3:
			return Op{Kind: Recv, Var: ch()}
		case 4:
			return Op{Kind: Recv, Var: ch(), Next: []int{at + 1, ahead()}}
		case 5:
			return Op{Kind: Close, Var: ch()}
		case 6:
			if !isReal {
				return Op{Kind: Cancel, Var: ch()}
			}
		case 7, 8:
			s := Op{Kind: Select, Default: r.IntN(3) == 0}
			if s.Default {
				s.Next = []int{ahead()}
			}
			for range 1 + r.IntN(2) {
				s.Cases = append(s.Cases, Case{Send: r.IntN(2) == 0, Var: ch(), Next: ahead()})
			}
			return s
		case 9:
			return Op{Kind: []OpKind{Lock, Lock, Unlock}[r.IntN(3)], Var: mu}
		case 10:
			return Op{Kind: []OpKind{Lock, Unlock, RLock, RUnlock}[r.IntN(4)], Var: rw}
		case 11:
			return Op{Kind: Add, Var: wg, N: -1}
		case 12:
			return Op{Kind: Wait, Var: wg}
		case 13:
			if later > 0 {
				return Op{Kind: Do, Var: once, N: c + 1 + r.IntN(later)}
			}
		case 14:
			if !isReal {
				if r.IntN(2) == 0 {
					return Op{Kind: Swap, Var: flag, From: r.IntN(2), N: r.IntN(2), Next: []int{ahead(), ahead()}}
				}
				return Op{Kind: Set, Var: flag, N: r.IntN(2)}
			}
		case 15:
			if !isReal {
				return Op{Kind: Test, Var: flag, Next: []int{ahead(), ahead()}}
			}
		case 16, 17:
			if later > 0 {
				return Op{Kind: []OpKind{Spawn, Spawn, Call}[r.IntN(3)], N: c + 1 + r.IntN(later)}
			}
		case 18:
			if later > 0 {
				return Op{Kind: Defer, N: c + 1 + r.IntN(later)}
			}
		case 19:
			return Op{Kind: Goto, Next: []int{ahead(), r.IntN(at + 1)}}
		case 20:
			return Op{Kind: Goto, Next: []int{ahead(), ahead()}}
		case 21:
			if r.IntN(3) == 0 {
				return Op{Kind: []OpKind{Return, Goexit, Panic, Recover, Halt}[r.IntN(5)]}
			}
			return Op{Kind: []OpKind{Recover, Return}[r.IntN(2)]}
		case 22:
			switch r.IntN(3) {
			case 0:
				return Op{Kind: Make, Var: 2, Obj: Chan, N: r.IntN(2)}
			case 1:
				return Op{Kind: Copy, Var: 2, From: r.IntN(2)}
			default:
				return Op{Kind: IsNil, Var: 2, Next: []int{ahead(), ahead()}}
			}
		case 24:
			o := Op{Kind: []OpKind{TryLock, TryRLock}[r.IntN(2)], Var: rw, Next: []int{ahead(), ahead()}}
			if o.Kind == TryLock && r.IntN(2) == 0 {
				o.Var = mu
			}
			return o
		case 25:
			if !isReal {
				switch r.IntN(4) {
				case 0:
					return Op{Kind: Derive, Var: sub, From: []int{ctx, sub, late, 9}[r.IntN(4)]}
				case 1:
					return Op{Kind: Cancel, Var: []int{ctx, sub}[r.IntN(2)]}
				case 2:
					return Op{Kind: Derive, Var: late, From: []int{ctx, sub}[r.IntN(2)]}
				default:
					return Op{Kind: Recv, Var: []int{ctx, sub}[r.IntN(2)]}
				}
			}
		case 26:
			if !isReal {
				return Op{Kind: []OpKind{Enlist, Await, Await, Wake}[r.IntN(4)], Var: cond, N: r.IntN(2)}
			}
		case 23:
			if !isReal {
				return []Op{{Kind: Make, Var: late, Obj: Chan}, {Kind: SetNil, Var: late}, {Kind: SetNil, Var: 2}, {Kind: Copy, Var: late, From: 2}}[r.IntN(4)]
			}
			return Op{Kind: SetNil, Var: 2}
		}
		if b, ok := r.(*bytesSource); ok && len(b.data) == 0 {
			return Op{Kind: Return}
		}
	}
}

// small bounds are reached by random programs.
var small = Bounds{States: 20_000, Processes: 4, Copies: 2, Objects: 40, Calls: 5, Count: 3}

// compare checks the explorer against the naive one. It reports whether the
// latter could tell.
func compare(t *testing.T, p *Program) (told bool) {
	n := &naive{Program: p, b: small}
	stuck, crashes, ok := n.explore(250)
	if !ok {
		return false
	}
	res := Explore(p, small)
	if !res.Complete {
		t.Fatalf("the naive explorer comes to an end, this one does not")
	}
	got := map[Place]bool{}
	for _, s := range res.Stuck {
		got[s.At] = true
	}
	gotCrashes := map[Place]bool{}
	for _, s := range res.Panics {
		gotCrashes[s.At] = true
	}
	if n.bounded {
		// Which order leads out of bounds is up to the reduction.
		return false
	}
	for what, pair := range map[string][2]map[Place]bool{"stuck": {got, stuck}, "crashes": {gotCrashes, crashes}} {
		for at := range pair[0] {
			if !pair[1][at] {
				t.Errorf("%s at %v %v, says only the explorer", what, at, p.At(at))
			}
		}
		for at := range pair[1] {
			if !pair[0][at] {
				t.Errorf("%s at %v %v, says only the naive explorer", what, at, p.At(at))
			}
		}
	}
	if res.Bounded != 0 {
		t.Error("something is out of bounds, says only the explorer")
	}
	if t.Failed() {
		t.Log(list(p))
	}
	return true
}

func TestNaive(t *testing.T) {
	told, bad := 0, 0
	for seed := range uint64(2500) {
		p := random(rand.New(rand.NewPCG(seed, 1)), false)
		if compare(t, p) {
			told++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		if res := Explore(p, small); len(res.Stuck) > 0 {
			bad++
		}
	}
	t.Logf("%d of 2500 programs compared, %d can get stuck", told, bad)
	if told < 2000 || bad < 500 || bad > 2000 {
		t.Error("the programs test too little")
	}
}

func FuzzNaive(f *testing.F) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 2))
		data := make([]byte, 120)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, random(&bytesSource{data}, false)) })
}
