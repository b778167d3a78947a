// Ratesd serves exchange rates. It polls them from an upstream service and
// answers from memory.
package main

import (
	"expvar"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"handshake/testdata/legacy/cache"
	"handshake/testdata/legacy/feed"
	"handshake/testdata/legacy/stats"
	"handshake/testdata/legacy/web"
)

func main() {
	addr := flag.String("addr", ":8080", "`address` to serve on")
	debugAddr := flag.String("debug", "localhost:8081", "`address` of the debug server")
	upstream := flag.String("upstream", "http://localhost:9000", "`URL` of the upstream service")
	list := flag.String("currencies", "EUR,GBP,JPY", "currencies to poll")
	flag.Parse()
	currencies := strings.Split(*list, ",")

	c := cache.New(time.Hour)
	client := &feed.Client{URL: *upstream, Retries: 5}
	log.Printf("%d of %d currencies are warm", feed.Warm(client, c, currencies), len(currencies))
	poller := feed.NewPoller(client, c, time.Minute, currencies...)

	debug := &http.Server{Addr: *debugAddr, Handler: expvar.Handler()}
	go func() {
		if err := debug.ListenAndServe(); err != http.ErrServerClosed {
			log.Fatal(err)
		}
	}()
	time.Sleep(200 * time.Millisecond)
	log.Printf("debug server on %s", *debugAddr)

	meter := stats.NewMeter(time.Second)
	srv := web.New(*addr, c, meter)
	if err := srv.Start(); err != nil {
		log.Fatal(err)
	}
	log.Printf("ratesd on %s", *addr)

	quit := make(chan struct{})
	go func() {
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				log.Printf("%d requests so far", meter.Total())
			case <-quit:
				log.Printf("%d requests in all", meter.Total())
				return
			}
		}
	}()

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
	srv.Close()
	poller.Stop()
	meter.Stop()
	close(quit)
	debug.Close()
	c.Close()
}
