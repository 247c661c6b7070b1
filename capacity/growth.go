package capacity

import (
	"slices"
	"strconv"
	"strings"
)

// sizePaths are the settings that count something of which more may carry more, and what that is.
var sizePaths = []struct{ path, name string }{
	{"broker.nodes", "brokers"}, {"topic.partitions", "partitions"}, {"load.producers.count", "producers"}, {"load.consumers.count", "consumers"},
}

// A Growth is how what the cluster carries grows with a swept setting that counts something.
type Growth struct {
	Path   string   `json:"path"` // "topic.partitions"
	Of     string   `json:"of"`   // "partitions"
	State  State    `json:"state"`
	With   string   `json:"with,omitempty"` // what else was set
	Curves []string `json:"curves"`
	Points []Sized  `json:"points"`
	Fit    *Scaling `json:"fit,omitempty"` // nil: see Why
	Why    string   `json:"why,omitempty"` // why nothing is fitted
	// Left is which curves are left out, and why.
	Left []string `json:"left_out,omitempty"`
}

// growths fits the Universal Scalability Law to each swept setting that counts something, for each choice of all others.
func (r *Result) growths() (all []Growth) {
	for _, p := range sizePaths {
		if !slices.ContainsFunc(r.Settings.Sweeps, func(s Sweep) bool { return s.Path == p.path }) {
			continue
		}
		first := len(all)
		for i := range r.Curves {
			c := &r.Curves[i]
			n, with, ok := c.sizeOf(p.path)
			if !ok {
				continue
			}
			at := slices.IndexFunc(all[first:], func(g Growth) bool { return g.State == c.State && g.With == with }) + first
			if at < first {
				at = len(all)
				all = append(all, Growth{Path: p.path, Of: p.name, State: c.State, With: with})
			}
			all[at].add(c, n)
		}
		for i := first; i < len(all); i++ {
			all[i].fit()
		}
	}
	return all
}

// sizeOf returns what the curve has the setting at, and all its other settings.
func (c *Curve) sizeOf(path string) (n float64, with string, ok bool) {
	var others []string
	for _, s := range c.Set {
		if s.Path != path {
			others = append(others, s.Path+"="+s.Value)
			continue
		}
		v, err := strconv.ParseFloat(s.Value, 64)
		n, ok = v, err == nil
	}
	return n, strings.Join(others, ", "), ok
}

// add takes what a curve carries, where that is known.
func (g *Growth) add(c *Curve, n float64) {
	x, why := c.carries()
	if why != "" {
		g.Left = append(g.Left, c.Name+": "+why)
		return
	}
	g.Curves = append(g.Curves, c.Name)
	g.Points = append(g.Points, Sized{n, x})
}

func (g *Growth) fit() {
	fit, err := FitScaling(g.Points)
	if g.Fit = fit; err != nil {
		g.Why = err.Error()
	}
}

// carries returns the highest rate at which everything held on the curve, or why that is not known.
func (c *Curve) carries() (rate float64, why string) {
	if f := c.Found; f != nil {
		switch {
		case f.Answer == AtLeast && f.Stop == StopGenerator:
			return f.Low, "the load generator was at its limit, and not the cluster"
		case f.Answer == AtLeast:
			return f.Low, "it may carry more than what was tried"
		case f.Answer == Bracketed && f.Low > 0:
			return f.Low, ""
		}
		return 0, "what it carries was not found"
	}
	missed := false
	for _, at := range c.ByRate() { // the rates were given
		if at.Held == at.Runs {
			rate = at.Rate
			continue
		}
		missed = true
		break
	}
	switch {
	case rate == 0:
		return 0, "nothing held at any rate"
	case !missed:
		return rate, "it may carry more than what was tried"
	}
	return rate, ""
}

// A Sensitive is what one choice of the swept settings carries, held against that of another.
type Sensitive struct {
	Curve   string  `json:"curve"`
	State   State   `json:"state"`
	Setting string  `json:"setting"` // "load.size = 100B"
	Rate    float64 `json:"rate"`    // messages per second at which everything held; 0: at none, or it is not known
	Bytes   float64 `json:"bytes_per_second"`
	Limit   *Limit  `json:"limit,omitempty"`
	// Share is Rate as a share of the best of the same state; 0: Rate is not known.
	Share   float64 `json:"share"`
	AtLeast bool    `json:"at_least,omitempty"`
	Why     string  `json:"why,omitempty"`
}

// sensitivity tells every choice of the swept settings.
func (r *Result) sensitivity() (all []Sensitive) {
	best := map[State]float64{}
	for i := range r.Curves {
		c := &r.Curves[i]
		if len(c.Set) == 0 {
			continue
		}
		var set []string
		for _, s := range c.Set {
			set = append(set, s.Path+" = "+s.Value)
		}
		s := Sensitive{Curve: c.Name, State: c.State, Setting: strings.Join(set, ", "), Limit: limitOf(c.Points)}
		s.Rate, s.Why = c.carries()
		s.AtLeast = s.Rate > 0 && s.Why != ""
		for j := range c.Points {
			if p := &c.Points[j]; p.Rate == s.Rate {
				s.Bytes = p.Bytes
			}
		}
		best[c.State] = max(best[c.State], s.Rate)
		all = append(all, s)
	}
	for i := range all {
		if most := best[all[i].State]; most > 0 {
			all[i].Share = all[i].Rate / most
		}
	}
	return all
}
