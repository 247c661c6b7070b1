package capacity

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A cluster that does not warm up is no faster at a rate than it was before at that rate or a lower one. How much faster counts, and how many such pairs of
// points, of all that can be held against each other, make a drift of what is chance for one.
const (
	driftRatio = 1.5
	driftLeast = time.Millisecond
	driftPairs = 3
	driftShare = 0.1
)

// A Drift is what shows that the cluster got faster while it was searched, so that limits that were found early are too low.
type Drift struct {
	Early    string        `json:"early"` // the pair of points that differs most
	Late     string        `json:"late"`
	EarlyP50 time.Duration `json:"early_p50_ns"` // due to acknowledged
	LateP50  time.Duration `json:"late_p50_ns"`
	EarlyAt  float64       `json:"early_rate"` // messages per second
	LateAt   float64       `json:"late_rate"`  // no less
	Faster   int           `json:"faster"`     // pairs of which the later was faster by half
	Pairs    int           `json:"pairs"`      // of all that can be held against each other
}

// drift holds each valid point against those after it at the same rate or a higher one, with as many brokers or fewer; nil: the cluster stayed what it was, or
// nobody can tell.
func (r *Result) drift() *Drift {
	var d Drift
	most := 0.0
	for i := range r.Curves {
		for j := i; j < len(r.Curves); j++ {
			a, b := &r.Curves[i], &r.Curves[j]
			if a.State == CatchingUp || b.State == CatchingUp || !slices.Equal(a.Set, b.Set) {
				continue
			}
			for early := range a.Points {
				for late := range b.Points {
					most = d.hold(&a.Points[early], &b.Points[late], most)
				}
			}
		}
	}
	if d.Faster < driftPairs || float64(d.Faster) < driftShare*float64(d.Pairs) {
		return nil
	}
	return &d
}

// hold holds two points against each other, if they can be, and returns by what factor the later one was faster at most of all so far.
func (d *Drift) hold(early, late *Point, most float64) float64 {
	if early.Validity != Valid || late.Validity != Valid || !early.Started.Before(late.Started) || late.Rate < early.Rate || late.Ack.P50 <= 0 {
		return most
	}
	d.Pairs++
	ratio := float64(early.Ack.P50) / float64(late.Ack.P50)
	if ratio < driftRatio || early.Ack.P50-late.Ack.P50 < driftLeast {
		return most
	}
	if d.Faster++; ratio <= most {
		return most
	}
	d.Early, d.EarlyP50, d.EarlyAt = early.ID, early.Ack.P50, early.Rate
	d.Late, d.LateP50, d.LateAt = late.ID, late.Ack.P50, late.Rate
	return ratio
}

// String tells it to whom reads the result; nil tells nothing.
func (d *Drift) String() string {
	if d == nil {
		return ""
	}
	return fmt.Sprintf("The cluster got faster while it was searched: half of the messages were acknowledged within %s at %s in run %s, and within %s at %s in run %s later. "+
		"What was found early is too low, and states of the cluster cannot be compared. Let it warm up for longer: phases.warm-up in the scenario.",
		report.Human(d.EarlyP50), perSecond(d.EarlyAt), d.Early, report.Human(d.LateP50), perSecond(d.LateAt), d.Late)
}
