package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Distribution is how one recovery figure varied over the injections of a fault. A censored figure ranks above all that are known: nobody knows by
// how much it is longer.
type Distribution struct {
	N        int    `json:"n"`        // figures that are known or censored
	Censored int    `json:"censored"` // of them, those that had not come when watching ended
	Unknown  int    `json:"unknown"`  // figures that nobody knows, which are in none of the others
	Min      Figure `json:"min"`
	P50      Figure `json:"p50"` // the median: of an even number, the middle between the two in the middle
	P95      Figure `json:"p95"` // by nearest rank, from LeastP95 figures on
	Max      Figure `json:"max"`
	// Low and High are an interval of the true median with at least 95 % confidence, whatever the figures' distribution: two order statistics
	// (David and Nagaraja, Order Statistics, 3rd ed., 7.1), from 6 figures on.
	Low  Figure `json:"median_low"`
	High Figure `json:"median_high"`
}

// LeastP95 is the least number of figures of which a 95th percentile can be told: of fewer, it would be the greatest.
const LeastP95 = 20

const confidence = 0.95

// Distribute makes a distribution of figures in any order.
func Distribute(figures []Figure) Distribution {
	sorted := slices.DeleteFunc(slices.Clone(figures), func(f Figure) bool { return !f.Known && !f.Censored })
	slices.SortStableFunc(sorted, compareFigures)
	d := Distribution{N: len(sorted), Unknown: len(figures) - len(sorted)}
	if d.N == 0 {
		none := UnknownFigure("nothing was measured")
		d.Min, d.P50, d.P95, d.Max, d.Low, d.High = none, none, none, none, none, none
		return d
	}
	for i := range sorted {
		if !sorted[i].Censored {
			continue
		}
		if d.Censored++; i > 0 { // of several, the k-th least is longer than all that rank below it
			sorted[i].Value = max(sorted[i].Value, sorted[i-1].Value)
		}
	}
	d.Min, d.P50, d.Max = sorted[0], median(sorted), sorted[d.N-1]
	d.P95 = tooFew("p95", LeastP95, d.N)
	if d.N >= LeastP95 {
		d.P95 = sorted[(95*d.N+99)/100-1]
	}
	d.Low, d.High = tooFew("an interval of the median", 6, d.N), tooFew("an interval of the median", 6, d.N)
	if k := medianRank(d.N); k > 0 {
		d.Low, d.High = sorted[k-1], sorted[d.N-k]
	}
	return d
}

// compareFigures orders figures; what never came within its time ranks above all that did.
func compareFigures(a, b Figure) int {
	if a.Censored != b.Censored {
		if a.Censored {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.Value, b.Value)
}

func tooFew(what string, least, n int) Figure {
	return UnknownFigure(fmt.Sprintf("%s needs %d injections, and there are %d", what, least, n))
}

// median returns the median of sorted figures. Half way to a censored figure is a lower bound itself.
func median(sorted []Figure) Figure {
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	return Figure{Value: low.Value + max(0, high.Value-low.Value)/2, Known: !high.Censored, Censored: high.Censored}
}

// medianRank returns the greatest k for which the k-th least and the k-th greatest of n enclose the median with the confidence asked for; 0: there
// is none. Each figure lies below the median with probability 1/2, so that the k-th least lies above it with P(Binomial(n, 1/2) < k).
func medianRank(n int) int {
	outside := 0.0
	chance := -float64(n) * math.Ln2 // the logarithm of P(Binomial(n, 1/2) = k-1): of many, the number itself is no float64
	for k := 1; 2*k <= n; k++ {
		if outside += math.Exp(chance); 2*outside > 1-confidence {
			return k - 1
		}
		chance += math.Log(float64(n-k+1) / float64(k))
	}
	return 0
}

// Stat returns the statistic of that name: min, p50, p95 or max. Figures that nobody knows may be the least or the greatest of all: with them there
// is none.
func (d Distribution) Stat(name string) Figure {
	if d.Unknown > 0 {
		return UnknownFigure(fmt.Sprintf("it is not known of %d of %d injections", d.Unknown, d.Unknown+d.N))
	}
	switch name {
	case "min":
		return d.Min
	case "p50":
		return d.P50
	case "p95":
		return d.P95
	}
	return d.Max
}

// A Series is how recovery went after the injections of one fault that was repeated, or of random faults.
type Series struct {
	Name         string       `json:"name"`
	Injections   int          `json:"injections"`
	Took         int          `json:"took"`     // those that took effect
	LeftOut      int          `json:"left_out"` // those that were not to be, as the scenario wants it
	Detect       Distribution `json:"detect"`
	FirstSuccess Distribution `json:"first_success"`
	Service      Distribution `json:"service"`
	Failover     Distribution `json:"failover"`
	Performance  Distribution `json:"performance"`
	Redundancy   Distribution `json:"redundancy"`
	Drained      Distribution `json:"drained"`
	Shares       []PartShare  `json:"shares,omitempty"` // of the outages that could be taken apart; none: none could
	Explained    string       `json:"explained,omitempty"`
}

// A PartName names a part of an outage.
type PartName string

// The parts of an outage, in their order. Together they are as long as it.
const (
	Detection PartName = "detection"        // from effective until the cluster's own view changed
	Election  PartName = "election"         // from there until every partition that a victim led had another leader
	Discovery PartName = "client discovery" // from there to the first success on any partition that had a gap
	CatchUp   PartName = "catch-up"         // from there to the end of the last gap
)

// A Part is how long one part of an outage took.
type Part struct {
	Name PartName      `json:"name"`
	Took time.Duration `json:"took_ns"`
}

// A PartShare is how much of a series' outages one part took.
type PartShare struct {
	Name  PartName `json:"name"`
	Share float64  `json:"share"` // of the sum of all outages, 0 to 1
	P50   Figure   `json:"p50"`
}
