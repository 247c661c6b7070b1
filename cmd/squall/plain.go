package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// statusEvery is how often a run without a terminal tells how it goes.
const statusEvery = 10 * time.Second

// plain tells a run's progress in lines: one for each event, and a status line now and then; key=value, for logs.
type plain struct {
	w      io.Writer
	live   bool // a terminal: the status line is written anew each second, in place
	total  report.Window
	status time.Duration
	drawn  bool
}

// Observe implements squall.Observer.
func (p *plain) Observe(e report.Event) {
	switch e.Type {
	case report.EventWindow:
		p.window(e)
		return
	case report.EventClient, report.EventSafety, report.EventVerdict, report.EventRun:
		return // in events.ndjson; the summary tells the last three better
	}
	p.wipe()
	fmt.Fprintf(p.w, "%s %s %s\n", stamp(e.At), e.Type, e.Text)
}

func (p *plain) window(e report.Event) {
	w := e.Window
	p.total.Acknowledged += w.Acknowledged
	p.total.Unknown += w.Unknown
	p.total.Rejected += w.Rejected
	if !p.live && e.At-p.status < statusEvery {
		return
	}
	p.status = e.At
	line := fmt.Sprintf("%s status phase=%q due=%d/s acked=%d/s delivered=%d/s ack_p99=%s backlog=%s acknowledged=%s rejected=%s unknown=%s",
		stamp(e.At), w.Phase, w.Due, w.Acknowledged, w.Delivered, w.Latency.Ack.Quantile(0.99), report.Thousands(w.Backlog),
		report.Thousands(p.total.Acknowledged), report.Thousands(p.total.Rejected), report.Thousands(p.total.Unknown))
	if !p.live {
		fmt.Fprintln(p.w, line)
		return
	}
	p.wipe()
	fmt.Fprint(p.w, line)
	p.drawn = true
}

// wipe removes the status line from a terminal.
func (p *plain) wipe() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

func stamp(d time.Duration) string {
	return fmt.Sprintf("%02d:%06.3f", int(d.Minutes()), d.Seconds()-60*float64(int(d.Minutes())))
}

// step tells what is done before the run's clock matters to anybody.
func (p *plain) step(format string, args ...any) {
	fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}
