package stats

import (
	"log"
	"net"
	"sync/atomic"
	"time"
)

// Sink receives the counters of the other services as UDP packets.
type Sink struct {
	conn  net.PacketConn
	bytes atomic.Int64
}

// OpenSink listens on addr. The caller must Close the sink.
func OpenSink(addr string) (*Sink, error) {
	s := &Sink{}
	go func() {
		conn, err := net.ListenPacket("udp", addr)
		if err != nil {
			log.Printf("stats: %v", err)
			return
		}
		s.conn = conn
		buf := make([]byte, 1500)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			s.bytes.Add(int64(n))
		}
	}()
	// Without this the first call of Addr sometimes finds no connection.
	time.Sleep(100 * time.Millisecond)
	if s.conn == nil {
		return nil, net.UnknownNetworkError(addr)
	}
	return s, nil
}

// Addr returns the address that the sink listens on.
func (s *Sink) Addr() string {
	return s.conn.LocalAddr().String()
}

// Close ends the sink.
func (s *Sink) Close() error {
	return s.conn.Close()
}
