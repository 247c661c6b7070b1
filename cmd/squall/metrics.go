package main

import (
	"context"
	"fmt"
	"net"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/live/prom"
)

// A scraped is a run that Prometheus can ask while it goes on.
type scraped struct {
	*prom.Exporter
	cancel context.CancelFunc
	ended  chan error
}

// serveMetrics begins to answer Prometheus at an address; nil: at none, as it is empty.
func serveMetrics(addr string, p *plain) (*scraped, error) {
	if addr == "" {
		return nil, nil
	}
	on, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w; it wants an address that is free here, as in 127.0.0.1:9464", err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // not the run's: how it is stopped is worth asking for
	s := &scraped{Exporter: prom.NewExporter(), cancel: cancel, ended: make(chan error, 1)}
	go func() { s.ended <- s.Serve(ctx, on) }()
	p.step("metrics at http://%s/metrics", on.Addr())
	return s, nil
}

// observers is who is told of the run.
func (s *scraped) observers() []squall.Observer {
	if s == nil {
		return nil
	}
	return []squall.Observer{s.Exporter}
}

// close ends the answers. Its error is no reason for anything: the report is what counts.
func (s *scraped) close(p *plain) {
	if s == nil {
		return
	}
	s.cancel()
	if err := <-s.ended; err != nil {
		p.step("the metrics ended: %v", err)
	}
}
