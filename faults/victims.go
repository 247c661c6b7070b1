package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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
	Sides   [][]broker.Node // of a target of type Sides: groups of nodes
	Half    Half            // of the links
	Share   Share           // of the links' connections; 0: all
	Cluster broker.Cluster  // for what is done to several links at once
	Driver  broker.Driver   // for faults through the broker's own API; what it can do is asked for by type assertion
	Topic   string          // the scenario's
	// Removing is told before a fault deletes stretches of the topic's log, and returns when what is in them has been read for the final balance.
	// Nil: nobody keeps one.
	Removing func(context.Context, map[int32]broker.Range) error
	// Renewed is told when the topic was made anew: its log begins at offset 0 again. Nil: nobody wants to know.
	Renewed func()
	Chance  *rand.Rand // draws what the fault leaves to chance, the same for the same seed; not safe for use side by side
	Witness *Witness   // is told what the fault saw of its work; nil: nobody listens
	Chosen  []string   // how the victims were found, a line each

	panicked func(text string) // as Timeline.Panicked
	draw     uint64            // decides which connections are the share
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
	names := nodeNames(v.Nodes)
	for _, side := range v.Sides {
		names = append(names, nodeNames(side)...)
	}
	for _, l := range v.Links {
		names = append(names, linkName(l))
	}
	return append(names, clientNames(v.Clients)...)
}

func nodeNames(nodes []broker.Node) []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name()
	}
	return names
}

func clientNames(clients []broker.Client) []string {
	names := make([]string, len(clients))
	for i, c := range clients {
		names[i] = c.Name()
	}
	return names
}

// hurt returns the nodes that suffer: those of the target, or the fewest that all impaired links have an end at.
func (v Victims) hurt() []broker.Node {
	names := nodeNames(v.Nodes)
	if len(v.Sides) > 0 { // the largest side goes on
		largest := slices.MaxFunc(v.Sides, func(a, b []broker.Node) int { return len(a) - len(b) })
		for _, side := range v.Sides {
			if !slices.Equal(side, largest) {
				names = append(names, nodeNames(side)...)
			}
		}
	}
	names = append(names, cover(v.Links)...)
	if v.Cluster == nil {
		return v.Nodes
	}
	return slices.DeleteFunc(slices.Clone(v.Cluster.Nodes()), func(n broker.Node) bool { return !slices.Contains(names, n.Name()) })
}

// cover returns few nodes of which each link has one at an end: of a link to a client, the node; of those between one node and many, that one.
func cover(links []broker.Link) (names []string) {
	for left := slices.Clone(links); len(left) > 0; {
		ends := map[string]int{}
		most := left[0].To()
		for _, l := range left {
			for _, end := range []string{l.To(), l.From()} {
				if l.Plane() == broker.PlaneClient && end == l.From() {
					continue
				}
				if ends[end]++; ends[end] > ends[most] || ends[end] == ends[most] && end < most {
					most = end
				}
			}
		}
		names = append(names, most)
		left = slices.DeleteFunc(left, func(l broker.Link) bool { return l.To() == most || l.From() == most })
	}
	return names
}

// lost returns the names of the nodes that the cluster has to do without: of links between nodes, those that are cut off by them. Of links to clients
// there are none, for the nodes themselves serve on.
func (v Victims) lost() []string {
	if slices.ContainsFunc(v.Links, func(l broker.Link) bool { return l.Plane() == broker.PlaneClient }) {
		return nil
	}
	return nodeNames(v.hurt())
}

// chose writes down how a pick found its victims; of a name, there is nothing to say.
func (v *Victims) chose(why string, p Pick, names []string) {
	if why != "" {
		v.Chosen = append(v.Chosen, why)
	}
	if p.Not || p.Set == SetSame {
		v.Chosen = append(v.Chosen, fmt.Sprintf("%s: %s", p, list(names)))
	}
}

func linkName(l broker.Link) string {
	if l.Plane() == broker.PlaneClient {
		return l.From() + " -> " + l.To()
	}
	return l.From() + " -> " + l.To() + " (" + l.Plane() + ")"
}

// halves returns what does h to the victims' halves.
func (v Victims) halves(h broker.Half) broker.Impairment {
	impairment := broker.Both(h)
	switch v.Half {
	case Requests:
		impairment.Replies = broker.Half{}
	case Replies:
		impairment.Requests = broker.Half{}
	}
	return impairment
}

// act does the same to all the victims' links at once.
func (v Victims) act(ctx context.Context, imp broker.Impairment) (Revert, error) {
	_, undo, err := v.impair(ctx, imp)
	return undo, err
}

// impaired are links to which something is done, as far as it is done to them, and what had passed them when it began.
type impaired struct {
	Victims
	first   []broker.LinkTraffic
	unknown error // why that is not known
}

// impair does the same to all the victims' links at once, or to their share of the connections.
func (v Victims) impair(ctx context.Context, imp broker.Impairment) (impaired, Revert, error) {
	imp.Share, imp.Seed = float64(v.Share), v.draw
	hit := impaired{Victims: v, first: make([]broker.LinkTraffic, len(v.Links))}
	if v.Share == 0 { // nothing has passed a share that was not drawn yet
		hit.first, hit.unknown = v.traffic(ctx)
	}
	effect, undo, err := v.Cluster.Impair(ctx, imp, v.Links...)
	if undo == nil {
		undo = nothing
	}
	if err != nil {
		return hit, undo, err
	}
	hit.Links = effect.Links
	v.Witness.Effective(effect.Last)
	if n := len(v.Links); n > 1 {
		v.Witness.Note("%d links impaired within %s", n, report.Human(effect.Last.Sub(effect.First)))
	}
	return hit, func(ctx context.Context) error {
		hit.tell(ctx)
		return undo(ctx)
	}, nil
}

// tell writes down what passed the links while they were impaired.
func (h impaired) tell(ctx context.Context) {
	after, err := h.traffic(ctx)
	if err = errors.Join(h.unknown, err); err != nil {
		h.Witness.Note("what passed the links is not known: %v", err)
		return
	}
	var drawn uint64
	for i, l := range h.Links {
		s := span{link: l, before: h.first[i], after: after[i]}
		of := ""
		if h.Share > 0 {
			drawn += s.hit()
			of = fmt.Sprintf(" by the %d connections that were drawn", s.hit())
		}
		h.Witness.Note("%s: %s requested and %s replied%s while it lasted", linkName(l), bytes(s.requests()), bytes(s.replies()), of)
	}
	if h.Share > 0 && drawn == 0 {
		h.Witness.Wrong("of the connections there were, %s were none: the fault was done to nobody; write a larger share", h.Share)
	}
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

// nothing is the way back from a fault that did nothing.
func nothing(context.Context) error { return nil }

// A Witness writes down what a fault saw of its own work. Its methods may be called at any time, from anywhere, and on nil.
type Witness struct {
	mu        sync.Mutex
	effective time.Time
	notes     []string
	wrong     string
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

// Wrong says that a fault which took effect did not go on as it was asked to: the run cannot be judged. The first reason stays.
func (w *Witness) Wrong(format string, args ...any) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wrong == "" {
		w.wrong = fmt.Sprintf(format, args...)
	}
}

// complaint returns what went wrong; empty: nothing.
func (w *Witness) complaint() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrong
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
