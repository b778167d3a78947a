// Package web serves the rates over HTTP.
package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"handshake/testdata/legacy/cache"
	"handshake/testdata/legacy/stats"
)

// Server answers GET /rates/CURRENCY from the cache.
type Server struct {
	http  *http.Server
	cache *cache.Cache
	meter *stats.Meter
}

// New returns a server for addr that is not started yet.
func New(addr string, c *cache.Cache, m *stats.Meter) *Server {
	s := &Server{cache: c, meter: m}
	s.http = &http.Server{Addr: addr, Handler: s.routes()}
	return s
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/rates/", s.rate)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("ok\n"))
	})
	return mux
}

func (s *Server) rate(w http.ResponseWriter, r *http.Request) {
	s.meter.Inc()
	rate, err := s.cache.Get(r.Context(), strings.TrimPrefix(r.URL.Path, "/rates/"))
	switch {
	case errors.Is(err, cache.ErrUnknown):
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(rate)
	}
}

// Start serves in the background until Close.
func (s *Server) Start() error {
	go s.http.ListenAndServe()
	time.Sleep(100 * time.Millisecond) // the port is open by then
	return nil
}

// Close ends the server and its connections.
func (s *Server) Close() error {
	return s.http.Close()
}
