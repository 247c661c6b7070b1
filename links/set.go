package links

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	healing = 20 * time.Second      // an undo has so long, whatever became of the run
	fresh   = 20 * time.Millisecond // one look at all links asks each side once
)

// A Set is the links of one cluster, whichever proxies carry them. It keeps what lasts on each link, so that impairments add up and each can be undone
// by itself. Its methods may be called side by side.
type Set struct {
	mu    sync.Mutex
	links []*link
	sides map[Control]*side
	next  uint64 // the number of the next impairment
}

// A link is what passes one proxy, or, for a flow, one half of each of several.
type link struct {
	from, to, plane string

	set   *Set
	ways  []way
	flow  bool                         // it carries what from says, and nothing else
	lasts map[uint64]broker.Impairment // guarded by set.mu
}

// A way is a proxy that a link passes.
type way struct {
	proxy string
	side  *side
	back  bool // for a flow: it is the replies that pass there
}

// A side is the proxies that one Control acts on.
type side struct {
	control  Control
	applying sync.Mutex // held while one state travels, so that states arrive in the order in which they were made

	asking  sync.Mutex
	asked   time.Time
	traffic map[string]broker.LinkTraffic
}

// NewSet returns a set without links.
func NewSet() *Set { return &Set{sides: map[Control]*side{}} }

// Add makes a link of the proxy that c knows by that name.
func (s *Set) Add(from, to, plane, proxy string, c Control) broker.Link {
	return s.add(&link{from: from, to: to, plane: plane}, Way{Proxy: proxy, Control: c})
}

// A Way is a proxy by which one node reaches another.
type Way struct {
	Proxy   string // as Control knows it
	Control Control
	Back    bool // it is the other node that dials there: what this one says are the replies
}

// AddFlow makes a link of all that one node says to another, where two nodes share their connections, whoever dialled them: of the halves of all those
// ways that carry it. The halves left over are the flow the other way.
func (s *Set) AddFlow(from, to, plane string, ways ...Way) broker.Link {
	return s.add(&link{from: from, to: to, plane: plane, flow: true}, ways...)
}

func (s *Set) add(l *link, ways ...Way) broker.Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.set, l.lasts = s, map[uint64]broker.Impairment{}
	for _, w := range ways {
		if s.sides[w.Control] == nil {
			s.sides[w.Control] = &side{control: w.Control}
		}
		l.ways = append(l.ways, way{w.Proxy, s.sides[w.Control], w.Back})
	}
	s.links = append(s.links, l)
	return l
}

// Links returns all links in the order in which they were added.
func (s *Set) Links() []broker.Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]broker.Link, len(s.links))
	for i, l := range s.links {
		all[i] = l
	}
	return all
}

// Impair does what broker.Cluster says of it. The undo may be called more than once, and has a deadline of its own. A contradiction with what lasts
// already is an error, and then nothing was done.
func (s *Set) Impair(ctx context.Context, imp broker.Impairment, on ...broker.Link) (broker.Effect, func(context.Context) error, error) {
	nothing := func(context.Context) error { return nil }
	id, own, err := s.note(imp, on)
	if err != nil {
		return broker.Effect{}, nothing, err
	}
	undo := func(ctx context.Context) error {
		s.forget(id, own)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healing)
		defer cancel()
		_, err := s.apply(ctx, own)
		return err
	}
	effect, err := s.apply(ctx, own)
	for _, l := range own {
		effect.Links = append(effect.Links, l.drawn(imp))
	}
	return effect, undo, err
}

// note remembers the impairment on each link, or on none.
func (s *Set) note(imp broker.Impairment, on []broker.Link) (uint64, []*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := make([]*link, len(on))
	for i, l := range on {
		ours, ok := l.(*link)
		if !ok || ours.set != s {
			return 0, nil, fmt.Errorf("%s -> %s (%s) is no link of this cluster", l.From(), l.To(), l.Plane())
		}
		if ours.flow && imp.Requests == (broker.Half{}) && imp.Replies != (broker.Half{}) {
			return 0, nil, fmt.Errorf("%s carries what %s says alone, and no replies: name %s -> %s", ours, l.From(), l.To(), l.From())
		}
		if _, err := merge(append(ours.all(), imp)...); err != nil {
			return 0, nil, fmt.Errorf("%s: %w", ours, err)
		}
		own[i] = ours
	}
	s.next++
	for _, l := range own {
		l.lasts[s.next] = imp
	}
	return s.next, own, nil
}

func (s *Set) forget(id uint64, on []*link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range on {
		delete(l.lasts, id)
	}
}

// apply brings the links to what lasts on them now, all sides side by side.
func (s *Set) apply(ctx context.Context, on []*link) (broker.Effect, error) {
	bySide := map[*side][]string{}
	for _, l := range on {
		for _, w := range l.ways {
			bySide[w.side] = append(bySide[w.side], w.proxy)
		}
	}
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		effect broker.Effect
		errs   []error
	)
	for sd, its := range bySide {
		all.Go(func() {
			err := s.applySide(ctx, sd, its)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			effect.Last = time.Now()
			if effect.First.IsZero() {
				effect.First = effect.Last
			}
		})
	}
	all.Wait()
	return effect, errors.Join(errs...)
}

func (s *Set) applySide(ctx context.Context, sd *side, proxies []string) error {
	sd.applying.Lock()
	defer sd.applying.Unlock()
	return sd.control.Apply(ctx, s.wanted(sd, proxies))
}

// wanted returns what lasts on the proxies of one side, of all links that pass them.
func (s *Set) wanted(sd *side, proxies []string) map[string][]broker.Impairment {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := make(map[string][]broker.Impairment, len(proxies))
	for _, name := range proxies {
		want[name] = []broker.Impairment{}
	}
	for _, l := range s.links {
		for _, w := range l.ways {
			if all, asked := want[w.proxy]; asked && w.side == sd {
				want[w.proxy] = append(all, l.through(w)...)
			}
		}
	}
	return want
}

// through returns what lasts on the link as it is on one of its ways.
func (l *link) through(w way) []broker.Impairment {
	all := l.all()
	if !l.flow {
		return all
	}
	for i := range all {
		if all[i].Replies = (broker.Half{}); w.back {
			all[i].Requests, all[i].Replies = all[i].Replies, all[i].Requests
		}
	}
	return all
}

// all returns what lasts on the link, in the order in which it began.
func (l *link) all() []broker.Impairment {
	all := make([]broker.Impairment, 0, len(l.lasts)+1)
	for _, id := range slices.Sorted(maps.Keys(l.lasts)) {
		all = append(all, l.lasts[id])
	}
	return all
}

func (l *link) From() string   { return l.from }
func (l *link) To() string     { return l.to }
func (l *link) Plane() string  { return l.plane }
func (l *link) String() string { return fmt.Sprintf("%s -> %s (%s)", l.from, l.to, l.plane) }

// OneWay implements broker.Flow.
func (l *link) OneWay() bool { return l.flow }

// Traffic implements broker.Link. What it returns is at most some 20 ms old.
func (l *link) Traffic(ctx context.Context) (broker.LinkTraffic, error) {
	return l.of(ctx, func(proxy string) string { return proxy })
}

// of adds up what passed all ways, of each what its side tells under a name.
func (l *link) of(ctx context.Context, name func(proxy string) string) (sum broker.LinkTraffic, _ error) {
	for _, w := range l.ways {
		all, err := w.side.ask(ctx)
		if err != nil {
			return broker.LinkTraffic{}, fmt.Errorf("traffic of %s: %w", l, err)
		}
		t := all[name(w.proxy)]
		if !l.flow {
			return t, nil
		}
		if w.back {
			t.Requests, t.RequestsKept = t.Replies, t.RepliesKept
		}
		sum.Requests += t.Requests
		sum.RequestsKept.Pieces += t.RequestsKept.Pieces
		sum.RequestsKept.Sum += t.RequestsKept.Sum
		sum.Open += t.Open
		sum.Made += t.Made
		sum.Cut += t.Cut
		sum.Late += t.Late
	}
	return sum, nil
}

// drawn returns the link as far as the impairment acts on it.
func (l *link) drawn(imp broker.Impairment) broker.Link {
	if imp.Share == 0 {
		return l
	}
	return share{l, imp.Seed}
}

// A share is the connections of a link that an impairment drew.
type share struct {
	*link
	seed uint64
}

// Traffic implements broker.Link. When the impairment is over, there is none.
func (s share) Traffic(ctx context.Context) (broker.LinkTraffic, error) {
	return s.of(ctx, func(proxy string) string { return shareName(proxy, s.seed) })
}

func (sd *side) ask(ctx context.Context) (map[string]broker.LinkTraffic, error) {
	sd.asking.Lock()
	defer sd.asking.Unlock()
	if time.Since(sd.asked) < fresh {
		return sd.traffic, nil
	}
	t, err := sd.control.Traffic(ctx)
	if err != nil {
		return nil, err
	}
	sd.asked, sd.traffic = time.Now(), t
	return t, nil
}
