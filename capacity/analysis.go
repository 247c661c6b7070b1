package capacity

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// An Analysis is what follows from the points of a result, by arithmetic alone: it can be made again of any capacity.json.
type Analysis struct {
	// Answer is the answer to the result's question, in one sentence, with its interval.
	Answer string  `json:"answer"`
	Knees  []Knee  `json:"knees"` // one for each curve that was searched, in their order
	Advice *Advice `json:"advice,omitempty"`
	// Fleet is how many brokers the goal needs; nil: no goal was given.
	Fleet       *Fleet      `json:"fleet,omitempty"`
	Partitions  *Partitions `json:"partitions,omitempty"` // how many the goal needs
	Sensitivity []Sensitive `json:"sensitivity,omitempty"`
	Growths     []Growth    `json:"growth,omitempty"` // one for each swept setting that counts something
	Traffic     []Traffic   `json:"traffic,omitempty"`
	Drift       *Drift      `json:"drift,omitempty"` // nil: none was seen
	Bound       []Bound     `json:"bound"`           // what each point was short of, in the order of the curves
}

// A Knee is the highest rate at which everything held on one curve, with where the limit lies behind it.
type Knee struct {
	Curve  string   `json:"curve"`
	Answer Answer   `json:"answer"`
	Rate   float64  `json:"rate"` // messages per second; 0: at none
	Bytes  float64  `json:"bytes_per_second"`
	Limit  *Limit   `json:"limit,omitempty"`  // nil: it cannot be told
	Points []string `json:"points,omitempty"` // those at Rate
	Bound  *Bound   `json:"bound,omitempty"`  // what the points above Rate were short of, or those at it
}

// A Workload is what the arithmetic needs to know of the scenario.
type Workload struct {
	Size       float64       `json:"size"` // bytes of a message's value; of several sizes their mean
	Partitions int           `json:"partitions"`
	Replicas   int           `json:"replicas"` // copies of each message, the leader's included
	Nodes      int           `json:"nodes"`
	Producers  int           `json:"producers"`
	Consumers  int           `json:"consumers"`              // 0: nothing is consumed
	Retention  time.Duration `json:"retention_ns,omitempty"` // 0: the scenario does not say
}

// A Goal is what the cluster is to carry one day.
type Goal struct {
	Rate   float64 `json:"rate"`   // messages per second now
	Growth float64 `json:"growth"` // by which factor that is to grow; at least 1
}

// Needed is the rate that the goal comes to, in messages per second.
func (g *Goal) Needed() float64 { return g.Rate * max(g.Growth, 1) }

// Analyse fills in what follows from the points.
func (r *Result) Analyse() {
	a := &Analysis{Bound: []Bound{}}
	for i := range r.Curves {
		c := &r.Curves[i]
		for j := range c.Points {
			if b := r.boundOf(&c.Points[j]); b != nil {
				a.Bound = append(a.Bound, *b)
			}
		}
		if c.Found != nil {
			a.Knees = append(a.Knees, r.kneeOf(c))
		}
	}
	r.Analysis = a
	a.Advice = r.advice()
	a.Sensitivity, a.Growths = r.sensitivity(), r.growths()
	a.Fleet = r.fleet()
	a.Traffic, a.Partitions = r.traffic(), r.partitions()
	a.Drift = r.drift()
	a.Answer = r.answer()
}

// kneeOf returns the knee of a curve that was searched.
func (r *Result) kneeOf(c *Curve) Knee {
	k := Knee{Curve: c.Name, Answer: c.Found.Answer, Rate: c.Found.Low, Points: c.Found.LowIDs, Limit: limitOf(c.Points)}
	if k.Limit != nil && k.Answer != Bracketed {
		k.Limit.High = 0
	}
	for i := range c.Points {
		if c.Points[i].Rate == k.Rate {
			k.Bytes = c.Points[i].Bytes
		}
	}
	if k.Bound = r.worst(c.Points, c.Found.HighIDs); k.Bound == nil {
		k.Bound = r.worst(c.Points, c.Found.LowIDs)
	}
	return k
}

// worst returns what binds most in some of the points; nil: nothing is known of any.
func (r *Result) worst(points []Point, ids []string) (most *Bound) {
	for i := range points {
		if !slices.Contains(ids, points[i].ID) {
			continue
		}
		if b := r.boundOf(&points[i]); b != nil && (most == nil || b.share() > most.share()) {
			most = b
		}
	}
	return most
}

// main returns the curve of a state as the scenario has it, or else the first of that state; nil: there is none that was searched.
func (r *Result) main(state State) *Curve {
	var first *Curve
	for i := range r.Curves {
		switch c := &r.Curves[i]; {
		case c.State != state || c.Found == nil:
		case len(c.Set) == 0:
			return c
		case first == nil:
			first = c
		}
	}
	return first
}

// knee returns the knee of a curve; nil: there is none.
func (r *Result) knee(c *Curve) *Knee {
	if c == nil || r.Analysis == nil {
		return nil
	}
	if i := slices.IndexFunc(r.Analysis.Knees, func(k Knee) bool { return k.Curve == c.Name }); i >= 0 {
		return &r.Analysis.Knees[i]
	}
	return nil
}

// An AtRate is what the valid points of a curve at one rate came to: medians, rates in messages per second.
type AtRate struct {
	Rate       float64
	Runs, Held int
	Achieved   float64
	Ack, E2E   Quantiles
}

// ByRate returns what the curve did at each rate, in order; points that are not valid say nothing of it.
func (c *Curve) ByRate() (all []AtRate) {
	rates := map[float64][]*Point{}
	for i := range c.Points {
		if p := &c.Points[i]; p.Validity == Valid {
			rates[p.Rate] = append(rates[p.Rate], p)
		}
	}
	for rate, points := range rates {
		at := AtRate{Rate: rate, Runs: len(points), Achieved: medianOf(points, func(p *Point) float64 { return p.Achieved })}
		for _, p := range points {
			if p.Held {
				at.Held++
			}
		}
		at.Ack = typical(points, func(p *Point) *Quantiles { return &p.Ack })
		at.E2E = typical(points, func(p *Point) *Quantiles { return &p.E2E })
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b AtRate) int { return cmp.Compare(a.Rate, b.Rate) })
	return all
}

// typical returns the medians of several points' quantiles.
func typical(points []*Point, of func(*Point) *Quantiles) (q Quantiles) {
	mid := func(get func(*Quantiles) time.Duration) time.Duration {
		return time.Duration(medianOf(points, func(p *Point) float64 { return float64(get(of(p))) }))
	}
	q.P50, q.P90 = mid(func(q *Quantiles) time.Duration { return q.P50 }), mid(func(q *Quantiles) time.Duration { return q.P90 })
	q.P99, q.P999 = mid(func(q *Quantiles) time.Duration { return q.P99 }), mid(func(q *Quantiles) time.Duration { return q.P999 })
	q.Max = mid(func(q *Quantiles) time.Duration { return q.Max })
	for _, p := range points {
		q.Count += of(p).Count
		q.AtLeast = q.AtLeast || of(p).AtLeast
	}
	return q
}

func medianOf(points []*Point, of func(*Point) float64) float64 {
	all := make([]float64, 0, len(points))
	for _, p := range points {
		if v := of(p); !math.IsNaN(v) {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
