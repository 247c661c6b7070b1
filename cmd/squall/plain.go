package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// statusEvery is how often a run without a terminal tells how it goes.
const statusEvery = 10 * time.Second

// plain tells a run's progress in lines: one for each event, and a status line now and then; key=value, for logs. The run and the signals' handler
// both call it.
type plain struct {
	width func() int // of the terminal, on which the status line is written anew each second, in place; nil: no terminal

	mu     sync.Mutex
	w      io.Writer
	leave  func()       // gives the terminal back that a view has taken; nil: none has
	told   func(string) // takes what is told meanwhile of the time before a run; nil: nobody does
	total  report.Window
	status time.Duration
	drawn  bool
}

// begin forgets the run that was told before.
func (p *plain) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total, p.status = report.Window{}, -time.Hour
}

// Observe implements squall.Observer.
func (p *plain) Observe(e report.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leave != nil {
		return
	}
	switch e.Type {
	case report.EventWindow:
		p.window(e)
		return
	case report.EventClient, report.EventSafety, report.EventVerdict, report.EventRun:
		return // in events.ndjson; the summary tells the last three better
	}
	p.erase()
	fmt.Fprintf(p.w, "%s %s %s\n", stamp(e.At), e.Type, e.Text)
}

func (p *plain) window(e report.Event) {
	w := e.Window
	p.total.Acknowledged += w.Acknowledged
	p.total.Unknown += w.Unknown
	p.total.Rejected += w.Rejected
	if p.width != nil {
		p.erase()
		line := []rune(fmt.Sprintf("%s %s  due %d/s  acked %d/s  p99 %s  backlog %s  delivered %d/s", stamp(e.At)[:5], w.Phase, w.Due, w.Acknowledged,
			w.Latency.Ack.Quantile(0.99), report.Thousands(w.Backlog), w.Delivered))
		fmt.Fprint(p.w, string(line[:min(len(line), max(p.width()-1, 0))])) // a line that wraps could not be wiped
		p.drawn = true
		return
	}
	if e.At-p.status < statusEvery {
		return
	}
	p.status = e.At
	fmt.Fprintf(p.w, "%s status phase=%q due=%d/s acked=%d/s delivered=%d/s ack_p99=%s backlog=%d acknowledged=%d rejected=%d unknown=%d\n",
		stamp(e.At), w.Phase, w.Due, w.Acknowledged, w.Delivered, strings.ReplaceAll(w.Latency.Ack.Quantile(0.99).String(), " ", ""), w.Backlog,
		p.total.Acknowledged, p.total.Rejected, p.total.Unknown)
}

// wipe removes the status line from a terminal.
func (p *plain) wipe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

func (p *plain) erase() {
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
	p.mu.Lock()
	defer p.mu.Unlock()
	line := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	switch {
	case p.leave == nil:
		fmt.Fprintln(p.w, line)
	case p.told != nil:
		p.told(line)
	}
}

// hold keeps everything back while a view has the terminal, which leave ends. told takes what is told meanwhile beside the run's events, and must not call back;
// nil: nobody does.
func (p *plain) hold(leave func(), told func(string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.leave, p.told = leave, told
}

// release tells again.
func (p *plain) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave, p.told = nil, nil
}

// restore gives the terminal back, before the process ends.
func (p *plain) restore() {
	p.mu.Lock()
	leave := p.leave
	p.mu.Unlock()
	if leave != nil {
		leave()
	}
}
