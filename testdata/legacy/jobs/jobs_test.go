package jobs

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func eventually(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !cond(); {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPublishReachesSubscriber(t *testing.T) {
	b := NewBus()
	defer b.Close()
	var last atomic.Value
	go func() {
		in := b.subscribe("rates")
		for msg := range in {
			last.Store(msg)
		}
	}()
	time.Sleep(100 * time.Millisecond) // give it time to subscribe
	if n := b.Publish("rates", "EUR"); n != 1 {
		t.Fatalf("%d subscribers took the message, want 1", n)
	}
	eventually(t, func() bool { return last.Load() == "EUR" })
}

// recorder remembers which topics it listens to.
type recorder struct {
	topic string
	in    <-chan string
	seen  atomic.Int64
}

func TestRecorderListens(t *testing.T) {
	b := NewBus()
	defer b.Close()
	rec := &recorder{}
	go func() {
		rec.topic = "audit"
		rec.in = b.subscribe(rec.topic)
		for {
			if _, ok := <-rec.in; !ok {
				return
			}
			rec.seen.Add(1)
		}
	}()
	time.Sleep(150 * time.Millisecond)
	if rec.topic != "audit" || rec.in == nil {
		t.Errorf("the recorder listens to %q", rec.topic)
	}
}

// record follows the first of topics and returns how many recorders are
// listening then. An empty list turns the recorder off.
func record(b *Bus, topics []string) int {
	listening := 0
	go func() {
		if len(topics) == 0 {
			return
		}
		in := b.subscribe(topics[0])
		listening++
		for range in {
		}
	}()
	time.Sleep(100 * time.Millisecond)
	return listening
}

func TestRecorderOff(t *testing.T) {
	b := NewBus()
	defer b.Close()
	if n := record(b, []string{"audit"}); n != 1 {
		t.Errorf("%d recorders are listening, want 1", n)
	}
	if n := record(b, nil); n != 0 {
		t.Errorf("%d recorders are listening to nothing", n)
	}
}

func TestRelay(t *testing.T) {
	b := NewBus()
	out, err := Relay(b, "rates")
	if err != nil {
		t.Fatal(err)
	}
	b.Publish("rates", "EUR")
	if got := <-out; got != "EUR" {
		t.Errorf("got %q, want EUR", got)
	}

	// Other topics do not come through.
	b.Publish("audit", "login")
	time.Sleep(10 * time.Millisecond)
	select {
	case msg := <-out:
		t.Errorf("got %q of another topic", msg)
	default:
	}
	b.Close()
	if _, ok := <-out; ok {
		t.Error("the relay outlives its bus")
	}
}

func TestForwardEnds(t *testing.T) {
	b := NewBus()
	out := make(chan string)
	b.Close()
	go forward(b, "rates", out)
	if _, ok := <-out; ok {
		t.Error("a message from a closed bus")
	}
}

// count follows topic and adds what it sees to n.
func count(b *Bus, topic string, n *atomic.Int64) {
	in := b.subscribe(topic)
	for range in {
		n.Add(1)
	}
}

func TestCount(t *testing.T) {
	b := NewBus()
	defer b.Close()
	var n atomic.Int64
	go count(b, "rates", &n)
	time.Sleep(100 * time.Millisecond)
	if b.Publish("rates", "EUR") != 1 {
		t.Error("nobody counts")
	}
}

func TestPoolRuns(t *testing.T) {
	p := NewPool(3)
	defer p.Stop()
	var wg sync.WaitGroup
	var ran atomic.Int64
	for i := 0; i < 9; i++ {
		wg.Add(1)
		if err := p.Submit(func() { ran.Add(1); wg.Done() }); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if ran.Load() != 9 {
		t.Errorf("%d jobs ran, want 9", ran.Load())
	}
}

func TestPoolStops(t *testing.T) {
	p := NewPool(1)
	if err := p.Submit(p.Stop); err != nil {
		t.Fatal(err)
	}
	// The worker may still take a job or two.
	var err error
	for err == nil {
		err = p.Submit(func() {})
	}
	if !errors.Is(err, ErrClosed) {
		t.Errorf("Submit after Stop: %v, want ErrClosed", err)
	}
}

func mustSubmit(t *testing.T, p *Pool, job func()) {
	t.Helper()
	if err := p.Submit(job); err != nil {
		t.Fatal(err)
	}
}

// Two producers that start at the same moment.
func TestTwoProducers(t *testing.T) {
	p := NewPool(2)
	defer p.Stop()
	var jobs atomic.Int64
	start := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		<-start
		if p.Submit(func() {}) == nil {
			jobs.Add(1)
		}
	}()
	go func() {
		defer wg.Done()
		<-start
		if p.Submit(func() {}) == nil {
			jobs.Add(1)
		}
	}()
	time.Sleep(150 * time.Millisecond)
	close(start)
	wg.Wait()
	if jobs.Load() != 2 {
		t.Errorf("%d jobs were taken, want 2", jobs.Load())
	}
}

func TestProducerInBackground(t *testing.T) {
	p := NewPool(2)
	defer p.Stop()
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		for i := 0; i < 10; i++ {
			mustSubmit(t, p, func() {})
		}
		wg.Done()
	}()
	wg.Wait()
}

// The worker is busy for a while: the second job has to wait for it.
func TestPoolIsBusy(t *testing.T) {
	p := NewPool(1)
	defer p.Stop()
	var first atomic.Bool
	mustSubmit(t, p, func() {
		time.Sleep(5 * time.Millisecond) // work
		first.Store(true)
	})
	second := make(chan bool, 1)
	mustSubmit(t, p, func() { second <- first.Load() })
	if !<-second {
		t.Error("the second job overtook the first")
	}
}
