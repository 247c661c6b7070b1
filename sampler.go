package squall

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/host"
	"github.com/seed-228c25e4/squall/report"
)

const (
	sampleEvery   = time.Second // at the run's whole seconds, as windows are
	samplePatient = 5 * time.Second
	// own is what squall itself is called among those that may be throttled; nodes are called b1, b2, ...
	own = "squall"
	// leastThrottled is the share of a second below which it is not worth telling that something was throttled.
	leastThrottled = 0.01
)

// A sampler looks once a second at what the machine did beside the run.
type sampler struct {
	machine *host.Machine // nil: nobody looks
	nodes   []broker.Node
	clock   broker.Clock
	group   *host.Cgroup // of this process; nil: not known
	last    reading

	mu      sync.Mutex
	samples []sampled // those that windows may still want
}

// A sampled is what the machine did in a span.
type sampled struct {
	report.Span
	host *report.HostSample // windows share it
}

// A reading is all counters at one time. What could not be read has no entry, and nothing is told of it.
type reading struct {
	at       time.Duration
	times    *host.Times
	own      time.Duration // of this process
	beside   time.Duration // of what the testbed runs beside the nodes
	pressure map[string]host.Pressure
	groups   map[string]host.Counters // of this process and the nodes
	moved    map[string]broker.Metering
	metered  bool // the nodes' are known, if they have any
}

// begin looks for the first time, and returns what cannot be seen on this machine.
func (s *sampler) begin(ctx context.Context) (unseen []string) {
	if s.machine == nil {
		return nil
	}
	miss := func(what string, err error) { unseen = append(unseen, fmt.Sprintf("%s: %v", what, err)) }
	var err error
	if s.group, err = s.machine.OwnCgroup(); err != nil {
		miss("whether squall is throttled", err)
	}
	s.last = s.read(ctx, miss)
	return unseen
}

// run looks until ctx ends.
func (s *sampler) run(ctx context.Context) {
	if s.machine == nil {
		return
	}
	for {
		wait(ctx, s.clock, (s.clock.Now() + sampleEvery).Truncate(sampleEvery))
		if ctx.Err() != nil {
			return
		}
		now := s.read(ctx, func(string, error) {}) // what is not there at once is not known for once
		told := compare(&s.last, &now)
		one := sampled{report.Span{From: s.last.at, To: now.at}, &told}
		s.last = now
		s.mu.Lock()
		s.keep(one)
		s.mu.Unlock()
	}
}

// keep adds a sample, and forgets old ones, all that are twice as old as a window is when it has to have its own.
func (s *sampler) keep(one sampled) {
	s.samples = append(s.samples, one)
	old := 0
	for old < len(s.samples) && s.samples[old].To < one.To-2*report.Unthinned {
		old++
	}
	s.samples = slices.Delete(s.samples, 0, old)
}

// attach tells windows of a second what the machine did in the middle of them.
func (s *sampler) attach(windows []report.Window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := len(s.samples) - 1
	for i := len(windows) - 1; i >= 0; i-- { // those that are looked for are the last ones
		middle := windows[i].Start + time.Second/2
		for at >= 0 && s.samples[at].From > middle {
			at--
		}
		if at < 0 {
			return
		}
		if middle < s.samples[at].To && windows[i].Within == nil {
			windows[i].Host = s.samples[at].host
		}
	}
}

// read reads all counters there are.
func (s *sampler) read(ctx context.Context, miss func(what string, err error)) reading {
	r := reading{at: s.clock.Now(), pressure: map[string]host.Pressure{}, groups: map[string]host.Counters{}, moved: map[string]broker.Metering{}}
	if t, err := s.machine.Times(); err != nil {
		miss("steal, and what other programs use", err)
	} else if r.own, err = s.machine.Own(); err != nil {
		miss("what other programs use", err)
	} else {
		r.times = &t
	}
	for _, resource := range []string{"cpu", "memory", "io"} {
		p, err := s.machine.Pressure(resource)
		if err != nil {
			miss("pressure on "+resource, err)
			continue
		}
		r.pressure[resource] = p
	}
	if s.group != nil {
		if c, err := s.group.Read(); err == nil {
			r.groups[own] = c
		} else {
			miss("whether squall is throttled", err)
		}
	}
	if err := s.meter(ctx, &r); err != nil {
		miss("what the brokers use and are denied", err)
	}
	return r
}

// meter reads the nodes' counters. Nodes of a testbed that has them in this process have none of their own.
func (s *sampler) meter(ctx context.Context, r *reading) error {
	ask, cancel := context.WithTimeout(ctx, samplePatient)
	defer cancel()
	for _, n := range s.nodes {
		metered, ok := n.(broker.Metered)
		if !ok {
			continue
		}
		m, err := metered.Meter(ask)
		if err != nil {
			return err
		}
		r.groups[n.Name()] = host.Counters{Used: m.Used, Throttled: m.Throttled, OOMKills: m.OOMKills, Memory: m.Memory}
		r.moved[n.Name()] = m
		r.beside += m.Beside
	}
	r.metered = true
	return nil
}

// compare returns what happened between two readings.
func compare(a, b *reading) (s report.HostSample) {
	if a.times != nil && b.times != nil {
		share := func(d time.Duration) float64 {
			return rounded(float64(d) / float64(max(b.times.Total-a.times.Total, 1)))
		}
		s.Steal, s.Idle = share(b.times.Steal-a.times.Steal), share(b.times.Idle-a.times.Idle)
		if a.metered && b.metered {
			s.Others = share(b.times.Busy - a.times.Busy - used(a, b))
		}
	}
	elapsed := float64(max(b.at-a.at, 1))
	pressure := func(resource string, of func(host.Pressure) time.Duration) float64 {
		before, ok := a.pressure[resource]
		after, ok2 := b.pressure[resource]
		if !ok || !ok2 {
			return 0
		}
		return rounded(float64(of(after)-of(before)) / elapsed)
	}
	some, full := func(p host.Pressure) time.Duration { return p.Some }, func(p host.Pressure) time.Duration { return p.Full }
	s.CPUSome, s.MemorySome, s.MemoryFull = pressure("cpu", some), pressure("memory", some), pressure("memory", full)
	s.IOSome, s.IOFull = pressure("io", some), pressure("io", full)
	for who, after := range b.groups {
		before, ok := a.groups[who]
		if !ok {
			continue
		}
		if t := rounded(float64(risen(before.Throttled, after.Throttled)) / elapsed); t >= leastThrottled {
			set(&s.Throttled, who, t)
		}
		if n := risen(before.OOMKills, after.OOMKills); n > 0 {
			set(&s.OOMKills, who, n)
		}
		if who != own && after.Used > 0 { // else it does not run
			node := moved(a.moved[who], b.moved[who], elapsed)
			node.CPU, node.Memory = rounded(float64(risen(before.Used, after.Used))/elapsed), after.Memory
			set(&s.Nodes, who, node)
		}
	}
	return s
}

// moved returns what a node read, wrote, received and sent a second, between two meterings so many nanoseconds apart.
func moved(before, after broker.Metering, elapsed float64) report.NodeSample {
	rate := func(before, after uint64) float64 {
		return math.Round(float64(risen(before, after)) / elapsed * float64(time.Second))
	}
	return report.NodeSample{Read: rate(before.Read, after.Read), Written: rate(before.Written, after.Written), Received: rate(before.Received, after.Received),
		Sent: rate(before.Sent, after.Sent)}
}

// used returns the processor time that the run itself had between two readings.
func used(a, b *reading) time.Duration {
	sum := b.own - a.own + risen(a.beside, b.beside)
	for who, after := range b.groups {
		if before, ok := a.groups[who]; ok && who != own { // what is in squall's group beside it is another program
			sum += risen(before.Used, after.Used)
		}
	}
	return sum
}

// risen returns by how much a counter rose that may have begun anew.
func risen[T time.Duration | uint64](before, after T) T {
	if after < before {
		return after
	}
	return after - before
}

// rounded keeps three digits behind the point of what is not negative: counters that are read one after the other may disagree a little.
func rounded(v float64) float64 { return float64(int(max(v, 0)*1000+0.5)) / 1000 }

func set[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}
