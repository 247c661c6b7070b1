package capacity

import (
	"fmt"
	"math"
)

// A Fleet is how many brokers the goal needs.
type Fleet struct {
	Needed  float64 `json:"needed"`  // messages per second
	Brokers int     `json:"brokers"` // at least; 0: it cannot be told
	// By is how growth with the number of brokers was reckoned.
	By  string `json:"by"`
	Why string `json:"why,omitempty"` // why it cannot be told, or what to take it with
}

// fleet reckons how many brokers the goal needs, from the advised rate: by the fit over brokers where there is one, else in proportion, which is the best that
// can be. nil: there is no goal.
func (r *Result) fleet() *Fleet {
	if r.Goal == nil {
		return nil
	}
	f := &Fleet{Needed: r.Goal.Needed()}
	a, w := r.Analysis.Advice, &r.Workload
	switch {
	case a == nil || a.Rate == 0:
		f.Why = "what the cluster carries was not found"
		return f
	case w.Nodes == 0:
		f.Why = "how many brokers the cluster has is not known"
		return f
	}
	for i := range r.Analysis.Growths {
		if g := &r.Analysis.Growths[i]; g.Path == "broker.nodes" && g.State == Healthy && g.Fit != nil {
			f.fitted(g.Fit, a.Rate, w)
			return f
		}
	}
	f.By = "in proportion to the brokers, which is the best that can be: growth with more brokers was not measured"
	f.Brokers = max(int(math.Ceil(f.Needed/a.Rate*float64(w.Nodes)*(1-1e-9))), w.Replicas, 1)
	switch {
	case f.Brokers > farthestReach*w.Nodes:
		f.Why = fmt.Sprintf("this is more than twice the %d brokers that were measured: measure a larger cluster before you rely on it", w.Nodes)
	case !a.Complete:
		f.Why = "not all that limits the advised rate was measured"
	}
	return f
}

// fitted looks for the least number of brokers with which the low end of the fit's interval, against what the measured cluster is advised to carry, is enough.
func (f *Fleet) fitted(fit *Scaling, advised float64, w *Workload) {
	f.By = "by the Universal Scalability Law fitted over brokers, from the low end of its interval"
	here, err := fit.At(float64(w.Nodes))
	if err != nil {
		f.Why = err.Error()
		return
	}
	most := int(farthestReach * fit.To)
	for n := max(w.Replicas, int(math.Ceil(fit.From)), 1); n <= most; n++ {
		if there, err := fit.At(float64(n)); err == nil && advised*there.Low/here.Value >= f.Needed {
			f.Brokers = n
			return
		}
	}
	f.Why = fmt.Sprintf("even %d brokers, twice the most that were measured, are not shown to be enough, and farther the fit says nothing", most)
}
