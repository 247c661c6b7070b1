package report

import "time"

// A Search is how a search for what a cluster carries goes, at one moment: what its watcher is told. Nobody changes it afterwards. Rates are messages per second.
type Search struct {
	Scenario   string
	Broker     string // "kafka on 3 brokers"
	Question   string // in one sentence
	Resolution float64
	Parts      []SearchPart  // of the plan, one after the other
	Points     []SearchPoint // measured so far, in that order
	Now        *SearchPoint  // what is being measured; nil: nothing is
	Doing      string        // what is done instead; empty: nothing
	Of         int           // about how many runs there will be
	Runs       int           // how many there were
	Told       time.Time     // when all this was so
	Took       time.Duration // until then, in all sittings
	Left       time.Duration // about how long it takes from then on
}

// A SearchPart is a piece of a search: the cluster in one state, with one set of settings, or its recoveries.
type SearchPart struct {
	Name  string // "healthy", "one broker down", "healthy, load.size=100B", "recovery"
	Short string // the same in few letters: "healthy", "one down", "100B", "recovery"
	State SearchState
	// Low is the highest rate that holds as far as it is known, and High the lowest above it that does not; 0: none is known.
	Low, High float64
	About     string    // what is looked for, in few words
	Answer    string    // what was found, in few words; empty: nothing yet
	Rates     []float64 // that are given, in order; none: they are searched
	Measured  int       // how many points there are, where rates are given
	Ceiling   float64   // what this machine's generator reaches; 0: not known
}

// A SearchState says how far a part of a search is.
type SearchState string

// The states.
const (
	SearchToCome  SearchState = "to come"
	SearchNow     SearchState = "now"
	SearchOver    SearchState = "over"
	SearchLeftOut SearchState = "left out" // what was found before leaves nothing to look for
)

// A SearchPoint is a rate that is measured, or was.
type SearchPoint struct {
	ID       string  // unique in the search
	Run      string  // the point whose run it is: its own, or that of another one
	Part     string  // by its name
	Purpose  string  // "bracket", "bisect", "confirm", "sweep", "recovery"
	Nth, Of  int     // of several for the same purpose; 0: that is not known beforehand
	Share    float64 // of what the healthy cluster carries, where that is what was asked for
	Rate     float64 // due
	Achieved float64 // acknowledged
	Ack      time.Duration
	Outcome  SearchOutcome
	Note     string // why it did not hold, or says nothing of the cluster, or what came of it; empty: it held
	Bound    string // what it was short of, in few words; empty: of nothing that is known
}

// A SearchOutcome is what a point says of its rate.
type SearchOutcome string

// The outcomes.
const (
	SearchHeld      SearchOutcome = "held"
	SearchMissed    SearchOutcome = "missed"
	SearchMeasured  SearchOutcome = "measured"  // nothing was to hold
	SearchGenerator SearchOutcome = "generator" // it was at its limit: nothing is said of the cluster
	SearchUnknown   SearchOutcome = "unknown"
)
