package capacity

import (
	"fmt"
	"math"
	"slices"
)

// headroom is which share of what the cluster carries it is advised to be run at: latency grows without end near the limit, and load is never as even as here.
const headroom = 0.8

// An Advice is the rate that the cluster is advised to be run at: the least of the terms that are known.
type Advice struct {
	Rate  float64 `json:"rate"` // messages per second
	Bytes float64 `json:"bytes_per_second"`
	By    string  `json:"by"` // the name of the term that is the least
	Terms []Term  `json:"terms"`
	// AtLeast says that a higher rate may do: the least term is only known to be no lower.
	AtLeast bool `json:"at_least,omitempty"`
	// Complete says that all terms are known.
	Complete bool `json:"complete"`
}

// A Term is a rate that must not be exceeded, for one reason.
type Term struct {
	Name    string  `json:"name"`
	Rate    float64 `json:"rate"` // messages per second; 0: not known
	From    float64 `json:"from"` // the measured rate that it is a share of
	AtLeast bool    `json:"at_least,omitempty"`
	Why     string  `json:"why,omitempty"` // why it is not known
}

// The names of the terms.
const (
	termHealthy  = "80 % of what it carries with all brokers"
	termOneDown  = "80 % of what it carries with one broker down"
	termRecovery = "the highest rate at which it still recovered as wanted"
)

// advice returns the rate to run the cluster at; nil: what it carries is not known at all.
func (r *Result) advice() *Advice {
	a := &Advice{Terms: []Term{r.shareOf(termHealthy, Healthy), r.shareOf(termOneDown, OneDown), r.recoveryTerm()}, Complete: true}
	a.Rate = math.Inf(1)
	for _, t := range a.Terms {
		if t.Rate == 0 {
			a.Complete = false
		} else if t.Rate < a.Rate {
			a.Rate, a.By, a.AtLeast = math.Floor(10*t.Rate)/10, t.Name, t.AtLeast
		}
	}
	if a.Terms[0].Rate == 0 {
		return nil
	}
	a.Bytes = a.Rate * r.bytesEach()
	return a
}

// shareOf is the term of what the cluster carries in a state.
func (r *Result) shareOf(name string, state State) Term {
	t := Term{Name: name}
	switch k := r.knee(r.main(state)); {
	case k == nil:
		t.Why = "not measured"
	case k.Rate == 0:
		t.Why = "no rate was found at which everything held"
	case k.Answer == Unknown:
		t.Why = fmt.Sprintf("%s held, and the search came to no answer", perSecond(k.Rate))
	default:
		t.Rate, t.From, t.AtLeast = headroom*k.Rate, k.Rate, k.Answer == AtLeast
	}
	return t
}

// recoveryTerm is the highest rate at which the objectives of recovery held, below all at which they did not.
func (r *Result) recoveryTerm() Term {
	t := Term{Name: termRecovery}
	missed := math.Inf(1)
	asked := false
	for i := range r.Recoveries {
		rec := &r.Recoveries[i]
		if len(rec.Expected) == 0 || rec.Point.Validity != Valid {
			continue
		}
		if asked = true; !rec.Held {
			missed = min(missed, rec.Point.Rate)
		}
	}
	for i := range r.Recoveries {
		if rec := &r.Recoveries[i]; len(rec.Expected) > 0 && rec.Held && rec.Point.Validity == Valid && rec.Point.Rate < missed {
			t.Rate = max(t.Rate, rec.Point.Rate)
		}
	}
	t.From, t.AtLeast = t.Rate, t.Rate > 0 && math.IsInf(missed, 1)
	switch {
	case t.Rate > 0:
	case len(r.Recoveries) == 0:
		t.Why = "not measured"
	case !asked && slices.ContainsFunc(r.Recoveries, func(rec Recovery) bool { return len(rec.Expected) > 0 }):
		t.Why = "no run of it is valid"
	case !asked:
		t.Why = "the scenario expects nothing of recovery"
	default:
		t.Why = fmt.Sprintf("it did not recover as wanted even at %s", perSecond(missed))
	}
	return t
}

// bytesEach is the size of a message's value, as the points had it.
func (r *Result) bytesEach() float64 {
	if c := r.main(Healthy); c != nil {
		for i := range c.Points {
			if p := &c.Points[i]; p.Rate > 0 && p.Bytes > 0 {
				return p.Bytes / p.Rate
			}
		}
	}
	return r.Workload.Size
}
