package report

import "time"

// An Event is one thing that happened in a run: a line of events.ndjson, and what observers are told. Exactly the part that its Type names is set.
type Event struct {
	At     time.Duration `json:"at_ns"`
	UTC    time.Time     `json:"utc"`
	Type   EventType     `json:"type"`
	Text   string        `json:"text"` // one line for people
	Run    *Run          `json:"run,omitempty"`
	Phase  *Phase        `json:"phase,omitempty"`
	Fault  *Fault        `json:"fault,omitempty"`
	State  *StateChange  `json:"state,omitempty"`
	Node   *Crash        `json:"node,omitempty"`
	Client *ClientEvent  `json:"client,omitempty"`
	Touch  *Touch        `json:"touch,omitempty"`
	Window *Window       `json:"window,omitempty"`
	Safety *Safety       `json:"safety,omitempty"`
	Result *Verdict      `json:"verdict,omitempty"`
}

// An EventType says what an event is about.
type EventType string

// The types of events.
const (
	EventRun     EventType = "run"     // the first: what is run
	EventPhase   EventType = "phase"   // a phase begins
	EventFault   EventType = "fault"   // a fault is commanded, effective, or healed
	EventState   EventType = "state"   // the observer saw the cluster change
	EventNode    EventType = "node"    // a broker's process ended outside a fault
	EventClient  EventType = "client"  // something happened to a client's connections
	EventWindow  EventType = "window"  // a second is over
	EventSafety  EventType = "safety"  // the ledger's balance
	EventTouch   EventType = "touch"   // something was done to the run by hand
	EventNote    EventType = "note"    // something that a reader should know
	EventVerdict EventType = "verdict" // the last
)

// A ClientEvent is something that happened to one of the load's clients.
type ClientEvent struct {
	Client string `json:"client"`
	Kind   string `json:"kind"`
	Node   string `json:"node,omitempty"`
	Detail string `json:"detail,omitempty"`
}
