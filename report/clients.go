package report

import "time"

const (
	// mostClientEvents bounds what is kept of what happened to the load's clients, and mostClientBurst of that in one clientBurst, so that a fault in which
	// they try again and again leaves room for the next.
	mostClientEvents = 2000
	mostClientBurst  = 100
	clientBurst      = 10 * time.Second
	// clientAgain is how soon the same has to happen again to the same client to be told as one event with it.
	clientAgain = 2 * time.Second
)

// Clients is what happened to the load's clients on their way to the broker.
type Clients struct {
	Events []ClientMoment `json:"events"`
	Left   uint64         `json:"left,omitempty"` // for which there was no room; events.ndjson has them
}

// A ClientMoment is something that happened to one of the load's clients, once or again and again.
type ClientMoment struct {
	At     time.Duration `json:"at_ns"`
	UTC    time.Time     `json:"utc"`
	Client string        `json:"client"`
	Kind   string        `json:"kind"` // "connected", "lost", "assigned", "revoked", "renewed", ...
	Node   string        `json:"node,omitempty"`
	Detail string        `json:"detail,omitempty"` // of the last time
	Times  int           `json:"times"`            // how often, each within 2 s of the time before
	Last   time.Duration `json:"last_ns"`          // when it happened last
}

// String tells the event in one line, without its time: "producer-0 lost b2: connection refused (12 times in 3.4s)".
func (m ClientMoment) String() string {
	text := ClientEvent{Client: m.Client, Kind: m.Kind, Node: m.Node, Detail: m.Detail}.String()
	if m.Times > 1 {
		text += " (" + Thousands(uint64(m.Times)) + " times in " + Human(m.Last-m.At) + ")"
	}
	return text
}

// String tells what happened in one line.
func (e ClientEvent) String() string {
	text := e.Client + " " + e.Kind
	if e.Node != "" {
		text += " " + e.Node
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// A ClientLog keeps what happened to clients, bounded. The zero value is ready. It is for one goroutine at a time.
type ClientLog struct {
	clients Clients
	burst   time.Duration // when the present one ends
	room    int           // left in it
	same    map[ClientEvent]int
}

// Add adds an event, in about the order of time.
func (l *ClientLog) Add(at time.Duration, utc time.Time, e ClientEvent) {
	all := l.clients.Events
	what := e
	if e.Node != "" {
		what.Detail = "" // retries differ in the port that they came from
	}
	if i, ok := l.same[what]; ok && at-all[i].Last <= clientAgain {
		all[i].Times++
		all[i].Last, all[i].Detail = max(at, all[i].Last), e.Detail
		return
	}
	if at >= l.burst {
		l.burst, l.room = at+clientBurst, mostClientBurst
	}
	if l.room == 0 || len(all) == mostClientEvents {
		l.clients.Left++
		return
	}
	l.room--
	if l.same == nil {
		l.same = map[ClientEvent]int{}
	}
	l.same[what] = len(all)
	l.clients.Events = append(all, ClientMoment{At: at, UTC: utc, Client: e.Client, Kind: e.Kind, Node: e.Node, Detail: e.Detail, Times: 1, Last: at})
}

// Clients returns what was kept; nil: nothing happened.
func (l *ClientLog) Clients() *Clients {
	if len(l.clients.Events) == 0 {
		return nil
	}
	c := l.clients
	c.Events = append([]ClientMoment{}, c.Events...)
	return &c
}
