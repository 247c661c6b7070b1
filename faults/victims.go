package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// Victims are what a fault is to hurt: nodes, links or clients, none of them for a fault of Nowhere; and whom to ask for help with it.
type Victims struct {
	Nodes   []broker.Node
	Links   []broker.Link
	Clients []broker.Client
	Half    Half           // of the links
	Cluster broker.Cluster // for what is done to several links at once
	Driver  broker.Driver  // for faults through the broker's own API; what it can do is asked for by type assertion
	Topic   string         // the scenario's
	Witness *Witness       // is told what the fault saw of its work; nil: nobody listens
}

// A Half names the part of a link that a fault acts on.
type Half string

// The halves of a link.
const (
	BothHalves Half = ""
	Requests   Half = "requests" // the bytes from the side that dialed
	Replies    Half = "replies"  // the bytes to it
)

// Names returns what the victims are called: nodes and clients by name, links as "producers -> b1", with the plane between brokers.
func (v Victims) Names() []string {
	names := make([]string, 0, len(v.Nodes)+len(v.Links)+len(v.Clients))
	for _, n := range v.Nodes {
		names = append(names, n.Name())
	}
	for _, l := range v.Links {
		names = append(names, linkName(l))
	}
	for _, c := range v.Clients {
		names = append(names, c.Name())
	}
	return names
}

func linkName(l broker.Link) string {
	if l.Plane() == broker.PlaneClient {
		return l.From() + " -> " + l.To()
	}
	return l.From() + " -> " + l.To() + " (" + l.Plane() + ")"
}

// nodeNames returns the names of the victims that are nodes.
func (v Victims) nodeNames() []string { return Victims{Nodes: v.Nodes}.Names() }

// impair does the same to the victims' halves of all links at once.
func (v Victims) impair(ctx context.Context, h broker.Half) (Revert, error) {
	impairment := broker.Both(h)
	switch v.Half {
	case Requests:
		impairment.Replies = broker.Half{}
	case Replies:
		impairment.Requests = broker.Half{}
	}
	before, unknown := v.traffic(ctx)
	effect, undo, err := v.Cluster.Impair(ctx, impairment, v.Links...)
	if undo == nil {
		undo = nothing
	}
	if err != nil {
		return undo, err
	}
	v.Witness.Effective(effect.Last)
	if n := len(v.Links); n > 1 {
		v.Witness.Note("%d links impaired within %s", n, report.Human(effect.Last.Sub(effect.First)))
	}
	return func(ctx context.Context) error {
		after, err := v.traffic(ctx)
		v.tellTraffic(before, after, errors.Join(unknown, err))
		return undo(ctx)
	}, nil
}

// traffic returns what passed each of the victims' links so far.
func (v Victims) traffic(ctx context.Context) ([]broker.LinkTraffic, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	all := make([]broker.LinkTraffic, len(v.Links))
	for i, l := range v.Links {
		t, err := l.Traffic(ctx)
		if err != nil {
			return nil, fmt.Errorf("traffic of %s: %w", linkName(l), err)
		}
		all[i] = t
	}
	return all, nil
}

// lookWithin bounds a look at the evidence, which must not hold up the fault or the way back.
const lookWithin = 2 * time.Second

// tellTraffic writes down what passed the links while they were impaired.
func (v Victims) tellTraffic(before, after []broker.LinkTraffic, unknown error) {
	if unknown != nil {
		v.Witness.Note("what passed the links is not known: %v", unknown)
		return
	}
	for i, l := range v.Links {
		v.Witness.Note("%s: %s requested and %s replied while it lasted", linkName(l),
			bytes(after[i].Requests-before[i].Requests), bytes(after[i].Replies-before[i].Replies))
	}
}

// nothing is the way back from a fault that did nothing.
func nothing(context.Context) error { return nil }

// A Witness writes down what a fault saw of its own work. Its methods may be called at any time, from anywhere, and on nil.
type Witness struct {
	mu        sync.Mutex
	effective time.Time
	notes     []string
}

// Effective tells when the fault was in force on the last of its victims. A fault that does not say it is taken as effective when Inject returns.
func (w *Witness) Effective(at time.Time) {
	if w == nil || at.IsZero() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if at.After(w.effective) {
		w.effective = at
	}
}

// Note adds a line of evidence.
func (w *Witness) Note(format string, args ...any) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.notes) < maxNotes {
		w.notes = append(w.notes, fmt.Sprintf(format, args...))
	}
}

// maxNotes bounds a fault's evidence: a link fault of a large cluster has many links.
const maxNotes = 50

// told returns what was written down so far.
func (w *Witness) told() (time.Time, []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.effective, append([]string{}, w.notes...)
}

// bytes prints an amount of data as people write it.
func bytes(n uint64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/1000, 0
	for v >= 999.5 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + units[i:i+1] + "B"
}
