package capacity

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// signsInWords is the key to the signs of points.
const signsInWords = "A dot is a run in which everything held, a cross one in which something was missed, an empty square one that cannot be judged."

// drawings are the charts of the sections, by their ids.
func (r *Result) drawings() map[string][]template.HTML {
	all := map[string][]template.HTML{"carries": r.latencyDrawings()}
	all["carries"] = append(all["carries"], r.throughputDrawing())
	all["recovery"] = append(all["recovery"], r.recoveryDrawing())
	for i := range r.Analysis.Growths {
		all["growth"] = append(all["growth"], growthDrawing(&r.Analysis.Growths[i]))
	}
	return all
}

// A latencyOf is a figure of latency that is drawn: a quantile of what was acknowledged or delivered.
type latencyOf struct {
	metric, stat string
	of           func(*Point) (time.Duration, Quantiles)
}

// latencies are the figures of latency that points have.
func latencies() (all []latencyOf) {
	metrics := []struct {
		name string
		of   func(*Point) Quantiles
	}{{"ack", func(p *Point) Quantiles { return p.Ack }}, {"e2e", func(p *Point) Quantiles { return p.E2E }}, {"service-time", func(p *Point) Quantiles { return p.Service }}}
	stats := []struct {
		name string
		of   func(Quantiles) time.Duration
	}{
		{"p50", func(q Quantiles) time.Duration { return q.P50 }}, {"p90", func(q Quantiles) time.Duration { return q.P90 }}, {"p99", func(q Quantiles) time.Duration { return q.P99 }},
		{"p99.9", func(q Quantiles) time.Duration { return q.P999 }}, {"max", func(q Quantiles) time.Duration { return q.Max }},
	}
	for _, m := range metrics {
		for _, s := range stats {
			all = append(all, latencyOf{m.name, s.name, func(p *Point) (time.Duration, Quantiles) { q := m.of(p); return s.of(q), q }})
		}
	}
	return all
}

// latencyDrawings draw latency over the rate, one for each figure that something is expected of, with the line that it must stay below.
func (r *Result) latencyDrawings() (all []template.HTML) {
	levels := map[[2]string][]formats.PlotLevel{}
	for _, text := range r.Expectations {
		e, err := report.ParseExpectation(text, nil)
		if err == nil && !e.Relative && strings.HasPrefix(e.Op, "<") {
			key := [2]string{e.Metric, e.Stat}
			levels[key] = append(levels[key], formats.PlotLevel{Y: e.Value * float64(time.Second), Name: text})
		}
	}
	for _, l := range latencies() {
		if of := levels[[2]string{l.metric, l.stat}]; of != nil {
			all = append(all, r.latencyDrawing(l, of))
		}
	}
	if len(all) == 0 {
		all = append(all, r.latencyDrawing(latencies()[2], nil)) // the p99 of what was acknowledged
	}
	return all
}

// inWords are the metrics of latency as the titles of charts have them.
var inWords = map[string]string{"ack": "until acknowledged", "e2e": "until delivered to a consumer", "service-time": "from hand-over until acknowledged"}

func (r *Result) latencyDrawing(l latencyOf, levels []formats.PlotLevel) template.HTML {
	p := formats.Plot{Title: fmt.Sprintf("Latency %s, %s, by rate", inWords[l.metric], l.stat), Across: "messages per second that were due", Durations: true, Levels: levels, Height: 260}
	p.Caption = "Each sign is one run. " + signsInWords + " The lines go through the medians of the runs that are valid. Shaded is where the limits lie, 95 % sure."
	for _, state := range []State{Healthy, OneDown, CatchingUp} {
		c := r.shown(state)
		if c == nil {
			continue
		}
		p.Traces = append(p.Traces, c.medians(inStates[state], func(p *Point) float64 { v, q := l.of(p); return drawn(v, q) }), signs(c.Points, func(p *Point) float64 { v, q := l.of(p); return drawn(v, q) }, l.stat))
		if k := r.knee(c); k != nil && k.Rate > 0 && k.Limit != nil && k.Limit.High > 0 {
			p.Bands = append(p.Bands, formats.PlotBand{From: k.Limit.Low, To: k.Limit.High, Name: shortStates[state]})
		}
	}
	return p.Draw()
}

// shortStates name the states above a chart, where there is little room.
var shortStates = map[State]string{Healthy: "all brokers", OneDown: "one down", CatchingUp: "catching up"}

// drawn is a latency as it is drawn: none where there was none.
func drawn(v time.Duration, q Quantiles) float64 {
	if q.Count == 0 {
		return math.NaN()
	}
	return float64(max(v, 1))
}

// shown is the curve of a state that is drawn: the one that was searched, or else the first.
func (r *Result) shown(state State) *Curve {
	if c := r.main(state); c != nil {
		return c
	}
	if i := slices.IndexFunc(r.Curves, func(c Curve) bool { return c.State == state }); i >= 0 {
		return &r.Curves[i]
	}
	return nil
}

// medians is the line of a curve through what its valid points came to.
func (c *Curve) medians(name string, of func(*Point) float64) formats.PlotTrace {
	t := formats.PlotTrace{Name: name}
	for _, at := range c.ByRate() {
		var points []*Point
		for i := range c.Points {
			if p := &c.Points[i]; p.Rate == at.Rate && p.Validity == Valid {
				points = append(points, p)
			}
		}
		t.Points = append(t.Points, formats.PlotPoint{X: at.Rate, Y: medianOf(points, of)})
	}
	return t
}

// signs are the points of a curve, each with the sign of what it came to. It has the colour of the line before it.
func signs(points []Point, of func(*Point) float64, what string) formats.PlotTrace {
	t := formats.PlotTrace{Signs: true}
	for i := range points {
		p := &points[i]
		sign, came := formats.Dot, "held"
		switch {
		case p.Validity != Valid:
			sign, came = formats.Hollow, string(p.Validity)
		case !p.Held:
			sign, came = formats.Cross, "missed"
		}
		y := of(p)
		about := fmt.Sprintf("%s: %s, %s %s", p.ID, perSecond(p.Rate), came, what)
		t.Points = append(t.Points, formats.PlotPoint{X: p.Rate, Y: y, Sign: sign, About: about})
	}
	return t
}

// throughputDrawing draws what was acknowledged over what was due.
func (r *Result) throughputDrawing() template.HTML {
	p := formats.Plot{Title: "Acknowledged per second, by rate", Across: "messages per second that were due", Height: 180}
	p.Caption = "Where the line leaves the dotted one, less was acknowledged than was due."
	most := 0.0
	for _, state := range []State{Healthy, OneDown, CatchingUp} {
		c := r.shown(state)
		if c == nil {
			continue
		}
		achieved := func(p *Point) float64 { return p.Achieved }
		p.Traces = append(p.Traces, c.medians(inStates[state], achieved), signs(c.Points, achieved, "acknowledged"))
		for i := range c.Points {
			most = max(most, c.Points[i].Rate)
		}
	}
	if most == 0 {
		return ""
	}
	p.Guide = []formats.PlotPoint{{X: 0, Y: 0}, {X: most, Y: most}}
	return p.Draw()
}

// recoveryDrawing draws how long the ways back took, over the load.
func (r *Result) recoveryDrawing() template.HTML {
	p := formats.Plot{Title: "Time to come back, by load", Across: "load, in per cent of what the cluster carries with all brokers", Durations: true, Height: 200}
	p.Caption = "An empty square is a lower bound: it had not come when the run ended."
	for _, f := range []struct {
		name string
		of   func(*RecoveryTimes) report.Figure
	}{
		{"service back", func(t *RecoveryTimes) report.Figure { return t.Service }}, {"as good as before", func(t *RecoveryTimes) report.Figure { return t.Performance }},
		{"all replicas back", func(t *RecoveryTimes) report.Figure { return t.Redundancy }}, {"backlog drained", func(t *RecoveryTimes) report.Figure { return t.Drained }},
	} {
		t := formats.PlotTrace{Name: f.name}
		for i := range r.Recoveries {
			for j := range r.Recoveries[i].Faults {
				v := f.of(&r.Recoveries[i].Faults[j])
				if v.Why != "" || v.Value <= 0 {
					continue
				}
				at := formats.PlotPoint{X: 100 * r.Recoveries[i].Share, Y: float64(v.Value), Sign: formats.Dot, About: fmt.Sprintf("%s: %s", f.name, v)}
				if v.Censored {
					at.Sign = formats.Hollow
				}
				t.Points = append(t.Points, at)
			}
		}
		slices.SortStableFunc(t.Points, func(a, b formats.PlotPoint) int { return cmp.Compare(a.X, b.X) })
		if len(t.Points) > 0 {
			p.Traces = append(p.Traces, t)
		}
	}
	return p.Draw()
}

// curveSteps is in how many pieces a fitted curve is drawn.
const curveSteps = 60

// growthDrawing draws what was measured, the curve through it as far as that is told, and where it may lie.
func growthDrawing(g *Growth) template.HTML {
	p := formats.Plot{Title: fmt.Sprintf("What it carries, by the number of %s", g.Of), Across: g.Of, Height: 220}
	measured := formats.PlotTrace{Signs: true}
	for _, at := range g.Points {
		measured.Points = append(measured.Points, formats.PlotPoint{X: at.N, Y: at.X, Sign: formats.Dot, About: fmt.Sprintf("%g %s: %s", at.N, g.Of, perSecond(at.X))})
	}
	if f := g.Fit; f != nil {
		fitted, low, high := formats.PlotTrace{Name: "fitted to what was measured, the dots"}, formats.PlotTrace{Name: "may be as little"}, formats.PlotTrace{Name: "or as much, 95 % sure"}
		for i := range curveSteps + 1 {
			n := f.From + (farthestReach*f.To-f.From)*float64(i)/curveSteps
			if e, err := f.At(n); err == nil {
				fitted.Points = append(fitted.Points, formats.PlotPoint{X: n, Y: e.Value})
				low.Points, high.Points = append(low.Points, formats.PlotPoint{X: n, Y: e.Low}), append(high.Points, formats.PlotPoint{X: n, Y: e.High})
			}
		}
		p.Traces = append(p.Traces, fitted, measured, low, high)
		p.Bands = []formats.PlotBand{{From: f.To, To: farthestReach * f.To, Name: "not measured"}}
		return p.Draw()
	}
	p.Traces = append(p.Traces, measured)
	return p.Draw()
}
