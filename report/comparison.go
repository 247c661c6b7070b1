package report

import "time"

// A Comparison holds runs against those before them, figure by figure. The unit is a run: of each run a figure is one number.
type Comparison struct {
	Outcome  Compared `json:"outcome"`  // the strongest of all figures: worse before unconfirmed, better, cannot tell and same
	Sentence string   `json:"sentence"` // what it comes to
	// Figures is how many figures were compared at once, of other scenarios too: so many tests the correction is for.
	Figures int              `json:"figures"`
	Limits  ComparisonLimits `json:"limits"`
	Against []Against        `json:"against"`
}

// ComparisonLimits are what a difference has to pass to count.
type ComparisonLimits struct {
	Alpha    float64       `json:"alpha"`       // the chance at most that anything of all that was compared is called worse, or better, though nothing changed
	MinShare float64       `json:"min_share"`   // of the earlier runs' median; 0.2: a fifth
	MinTime  time.Duration `json:"min_time_ns"` // of figures that are durations
}

// DefaultLimits are the limits where nobody states others.
func DefaultLimits() ComparisonLimits {
	return ComparisonLimits{Alpha: 0.05, MinShare: 0.2, MinTime: 20 * time.Millisecond}
}

// Against is a comparison with one set of earlier runs.
type Against struct {
	Name     string           `json:"name"`               // "the last 20 runs", "the pinned reference"
	Scenario string           `json:"scenario,omitempty"` // of these runs
	Base     int              `json:"base"`               // earlier runs that were used
	New      int              `json:"new"`                // runs that were held against them
	Fresh    int              `json:"fresh,omitempty"`    // runs made afterwards, to confirm what the new ones showed
	Notes    []string         `json:"notes,omitempty"`    // what differs although it was compared, which runs were left out and why: a sentence each
	Figures  []ComparedFigure `json:"figures"`
}

// A ComparedFigure is one figure of the runs of both sides. Durations are in seconds here, rates in messages per second.
type ComparedFigure struct {
	Figure  string   `json:"figure"` // "recovery.service of leader-kill", "ack.p99 during baseline"
	Unit    Unit     `json:"unit"`
	Outcome Compared `json:"outcome"`
	// Suspect says that too few new runs are there to tell, and that all of them are worse than every earlier one by more than the limits: worth a rerun.
	Suspect bool   `json:"suspect,omitempty"`
	NBase   int    `json:"n_base"` // earlier runs that have this figure
	NNew    int    `json:"n_new"`
	NFresh  int    `json:"n_fresh,omitempty"`
	Base    Amount `json:"base"` // median of the earlier runs
	New     Amount `json:"new"`  // median of the new ones; of the fresh ones where they decided
	// Shift is the median of all differences between a new and an earlier run (Hodges and Lehmann), Low to High an interval of it, of 95 % at least, by this
	// figure alone; both nil: there are too few runs for one.
	Shift Amount  `json:"shift"`
	Low   *Amount `json:"low,omitempty"`
	High  *Amount `json:"high,omitempty"`
	P     float64 `json:"p"` // of the exact rank test, two-sided, corrected for all the figures (Holm)
	// More is about how many more runs would tell, told by the noise seen: further ones beside the new, or, of what is unconfirmed or suspect, fresh ones.
	// 0: nobody can say, or none are needed.
	More int    `json:"more,omitempty"`
	Text string `json:"text"` // what it comes to in one sentence, without its advice
	// Advice is what would tell more, and of how many runs the figure is not known; empty: nothing is left to say.
	Advice string `json:"advice,omitempty"`
}

// An Amount is a value in a figure's unit.
type Amount struct {
	Value float64 `json:"value"`
	// Beyond says that the true value lies further from zero than Value, nobody knows by how much: it never came while the run was watched.
	Beyond bool `json:"beyond,omitempty"`
}

// A Compared is what comparing came to.
type Compared string

// What comparing can come to.
const (
	Worse       Compared = "worse"                  // by more than the limits, not by chance, and confirmed by fresh runs
	Unconfirmed Compared = "worse, to be confirmed" // the same without the fresh runs
	Better      Compared = "better"                 // by more than the limits, and not by chance
	Same        Compared = "no change that matters" // a difference above the limits is excluded
	Unclear     Compared = "cannot tell"            // the noise, or too few runs, leave room for anything
)

// Strongest returns the outcome that counts for both.
func (c Compared) Strongest(o Compared) Compared {
	for _, first := range []Compared{Worse, Unconfirmed, Better, Unclear, Same} {
		if c == first || o == first {
			return first
		}
	}
	return Unclear
}

// Human prints a value of this unit as people write it; durations are in seconds.
func (u Unit) Human(v float64) string { return u.human(v) }

// Human prints an amount as people write it: "1.2s", "> 30s".
func (a Amount) Human(u Unit) string {
	if a.Beyond {
		return "> " + u.human(a.Value)
	}
	return u.human(a.Value)
}
