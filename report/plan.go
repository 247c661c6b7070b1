package report

import "time"

// A Plan is what a scenario wants to happen. Its times count from the first message: from where the warm-up begins.
type Plan struct {
	WarmUp   time.Duration `json:"warm_up_ns"`  // how long the load is not judged
	Baseline time.Duration `json:"baseline_ns"` // how long no fault is on after that
	Load     time.Duration `json:"load_ns"`     // when the load ends, unless a fault that waits for something begins later than planned
	Faults   []Planned     `json:"faults"`      // in the order of their beginning
}

// A Planned is a fault's injection as the scenario wants it.
type Planned struct {
	Name   string        `json:"name"`
	Kind   string        `json:"kind"`
	Target string        `json:"target"`
	Params string        `json:"params,omitempty"`
	At     time.Duration `json:"at_ns"`
	For    time.Duration `json:"for_ns"`          // 0: until heal
	Waits  string        `json:"waits,omitempty"` // what it waits for besides, so that it may begin later
}
