package stats

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMeterCountsLastInterval(t *testing.T) {
	m := NewMeter(time.Hour)
	m.Inc()
	m.Inc()
	m.Stop()
	time.Sleep(200 * time.Millisecond)
	if n := m.Total(); n != 2 {
		t.Errorf("Total = %d, want 2", n)
	}
}

func TestMeterManyCallers(t *testing.T) {
	m := NewMeter(time.Millisecond)
	var wg sync.WaitGroup
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < 1000; j++ {
				m.Inc()
			}
		}()
	}
	wg.Wait()
	m.Stop()
	// One more interval to roll over.
	time.Sleep(150 * time.Millisecond)
	if n := m.Total(); n != 8000 {
		t.Errorf("Total = %d, want 8000", n)
	}
}

func TestReporterFlushesOnStop(t *testing.T) {
	out, in := io.Pipe()
	r := NewReporter(in, time.Hour)
	r.Report("%d requests", 7)
	r.Stop()

	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(line[:n])); got != "7 requests" {
		t.Errorf("flushed %q", got)
	}
	r.Report("too late") // earlier it might wait for the flush, which waits for us
}

// poll calls n until the answer is not 0, or for two seconds.
func poll(n func() int64) int64 {
	for i := 0; i < 1000 && n() == 0; i++ {
		time.Sleep(2 * time.Millisecond)
	}
	return n()
}

func TestSinkCountsBytes(t *testing.T) {
	s, err := OpenSink("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := net.Dial("udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "rates.requests:7")
	if n := poll(s.bytes.Load); n != 16 {
		t.Errorf("%d bytes, want 16", n)
	}
}

func TestSinkBadAddress(t *testing.T) {
	if _, err := OpenSink("no such host:x"); err == nil {
		t.Error("no error")
	}
}

// A service that counts for itself, the way ours did before there was a Meter.
func TestCountersAreFlushed(t *testing.T) {
	events := make(chan int)
	stop := make(chan struct{})
	sum, flushed := 0, false
	go func() {
		for {
			select {
			case n := <-events:
				sum += n
			case <-stop:
				flushed = true
				return
			}
		}
	}()
	for i := 1; i <= 4; i++ {
		events <- i
	}
	close(stop)
	time.Sleep(150 * time.Millisecond)
	if !flushed || sum != 10 {
		t.Errorf("flushed %v, sum %d, want true, 10", flushed, sum)
	}
}

func TestCountersWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	events := make(chan string)
	var log []string
	go func() {
		for {
			select {
			case e := <-events:
				log = append(log, e)
			case <-ctx.Done():
				log = append(log, "end")
				return
			}
		}
	}()
	events <- "a"
	events <- "b"
	cancel()
	time.Sleep(100 * time.Millisecond) // the goroutine has to see it
	if got := strings.Join(log, " "); got != "a b end" {
		t.Errorf("log %q", got)
	}
}

// Ten milliseconds of traffic must not upset the meter.
func TestMeterUnderTraffic(t *testing.T) {
	m := NewMeter(time.Millisecond)
	defer m.Stop()
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				m.Inc()
			}
		}
	}()
	time.Sleep(10 * time.Millisecond)
	close(stop)
	<-done
}
