package report

import (
	"fmt"
	"time"
)

// A Loss says how much is lost, and how far back in time: the recovery point.
type Loss struct {
	Bytes uint64 `json:"bytes"` // of all lost messages, envelopes included and keys not
	// Fault is the one from which the age is counted; empty: none took effect, and there is no age.
	Fault string `json:"fault,omitempty"`
	// Youngest and Oldest bound how long before that fault took effect the oldest lost message had been acknowledged: of acknowledgements one is remembered
	// every few milliseconds. 0: it was acknowledged while the fault was on.
	Youngest time.Duration `json:"age_least_ns"`
	Oldest   time.Duration `json:"age_most_ns"`
}

// String tells a loss in one line.
func (l *Loss) String() string {
	switch {
	case l.Fault == "":
		return HumanBytes(l.Bytes)
	case l.Oldest == 0:
		return fmt.Sprintf("%s, acknowledged after %s took effect", HumanBytes(l.Bytes), l.Fault)
	}
	return fmt.Sprintf("%s, the oldest acknowledged %s before %s took effect", HumanBytes(l.Bytes), between(l.Youngest, l.Oldest), l.Fault)
}

// between tells a time of which bounds are known, and one where they are printed alike.
func between(least, most time.Duration) string {
	if Human(least) == Human(most) {
		return Human(most)
	}
	return Human(least) + " to " + Human(most)
}

// HumanBytes prints a size as people write it, with three digits at most: "873 bytes", "1.7 MiB".
func HumanBytes(n uint64) string {
	if n < 1<<10 {
		return Thousands(n) + " bytes"
	}
	v, unit := float64(n), 0
	for v >= 1023.5 && unit < 4 {
		v /= 1024
		unit++
	}
	return digits(v) + []string{"", " KiB", " MiB", " GiB", " TiB"}[unit]
}

// lostAge is the recovery point. Where the bounds of the age lie on either side of what is asked for, nobody can tell.
func lostAge() Metric {
	return Metric{Name: "lost.age", Unit: UnitDuration, Scope: ScopeRun, Needs: ScopeSafety,
		About: "the recovery point: how long before the fault took effect the oldest lost message had been acknowledged; 0: nothing that had been acknowledged before it is lost",
		get: func(r *Report, e Expectation) measure {
			l := r.Safety.Loss
			switch {
			case r.Safety.Lost == 0:
				return measure{}
			case l == nil:
				return measure{why: "the report does not tell"}
			case l.Fault == "":
				return measure{why: "no fault took effect from which it could be counted"}
			case e.holds(l.Youngest.Seconds()) != e.holds(l.Oldest.Seconds()):
				return measure{why: fmt.Sprintf("it lies between %s and %s", Human(l.Youngest), Human(l.Oldest))}
			}
			return measure{value: l.Oldest.Seconds()}
		}}
}

func lostBytes() Metric {
	return Metric{Name: "lost.bytes", Unit: UnitBytes, Scope: ScopeRun, Needs: ScopeSafety, About: "the size of all lost messages, envelopes included",
		get: func(r *Report, _ Expectation) measure {
			switch l := r.Safety.Loss; {
			case r.Safety.Lost == 0:
				return measure{}
			case l == nil:
				return measure{why: "the report does not tell"}
			default:
				return measure{value: float64(l.Bytes)}
			}
		}}
}
