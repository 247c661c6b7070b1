package capacity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// How a broker goes down and comes back in a point.
const (
	// downBaseline is the load on the healthy cluster before the broker goes, beside the settling.
	downBaseline = 3 * time.Second
	// failover is what a cluster has, beside the settling, to find new leaders when a broker that stops says so. How long it takes without saying so is what
	// recovery is measured for.
	failover = 5 * time.Second
	// watchFor is how long a broker that is back has for its replicas to be in sync again.
	watchFor = 20 * time.Second
	// downName is what the fault is called.
	downName = "broker-down"
)

// attempts are how often a point is measured at most that comes to nothing. Each further one settles for longer, where that was why.
const attempts = 3

// seconds is a duration of so many.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// try measures a rate on a curve, again where nobody can know, and returns what the last point says. s is the search that asks; nil: none does.
func (g *going) try(ctx context.Context, at int, rate float64, purpose Purpose, s *search) outcome {
	if o, ok := g.known(at, rate, purpose, s); ok {
		return o
	}
	settling := g.Settling
	var p Point
	for range attempts {
		var ok bool
		if p, ok = g.point(ctx, at, rate, purpose, settling, s); !ok {
			return outcome{ended: true}
		}
		if p.Validity != Inconclusive {
			break
		}
		if !p.Settled && p.Measuring > 0 {
			settling *= 2
		}
	}
	return p.outcome()
}

// outcome is what a point says of its rate.
func (p *Point) outcome() outcome {
	switch p.Validity {
	case Valid:
		return outcome{held: p.Held, stop: p.Stop}
	case GeneratorLimit:
		return outcome{stop: StopGenerator}
	}
	return outcome{stop: StopUnknown}
}

// known returns what the runs with one broker down have told already of the catching up at a rate. One of them alone confirms nothing.
func (g *going) known(at int, rate float64, purpose Purpose, s *search) (outcome, bool) {
	l := &g.result.Curves[at]
	if l.State != CatchingUp || s == nil {
		return outcome{}, false
	}
	held, n := outcome{held: true}, 0
	for i := range l.Points {
		p := &l.Points[i]
		if p.Rate != rate || p.Validity != Valid {
			continue
		}
		if n++; !p.Held {
			held = p.outcome()
		}
	}
	return held, n > 1 || n == 1 && purpose != Confirm
}

// point measures once: it takes what an earlier sitting measured, or makes a run. It reports whether there is a point, which is in the result then.
func (g *going) point(ctx context.Context, at int, rate float64, purpose Purpose, settling time.Duration, s *search) (Point, bool) {
	main := at
	if g.result.Curves[at].State == CatchingUp { // whose points come of the runs with one broker down
		main--
	}
	if p, ok := g.again(main, rate, purpose); ok {
		var caught Point
		if g.result.Curves[main].State == OneDown {
			caught, _ = g.again(main+1, rate, purpose)
		}
		return g.add(main, at, p, caught), true
	}
	if g.ended(ctx) {
		return Point{}, false
	}
	c := &g.result.Curves[main]
	g.Progress("capacity point n=%d of=~%d curve=%q purpose=%s rate=%s%s left=~%s", g.points+1, max(g.Settings.Points, g.points+1), g.result.Curves[at].Name, purpose,
		perSecond(rate), bracket(s), report.Roughly(g.left(s)))
	g.begin(g.asking(at, rate, purpose, s), s)
	p, r, ok := g.make(ctx, g.scenarioAt(c, rate, settling), Point{Purpose: purpose, Rate: rate})
	if !ok {
		return Point{}, false
	}
	caught := p
	if r != nil && c.State == OneDown {
		g.measureDown(&p, &caught, r, c.Ceiling)
	} else if r != nil {
		p.fill(r, stretchOf(r, baselineOf(r)), g.expectations, c.Ceiling)
	}
	caught.ID, caught.Again = p.ID+"-catching-up", p.ID
	told := g.add(main, at, p, caught)
	g.Progress("capacity done n=%d curve=%q rate=%s %s folder=%s", g.points, g.result.Curves[at].Name, perSecond(rate), told.told(), p.Folder)
	g.keep()
	g.done()
	return told, true
}

// add adds a point to its curve, and where that is one with a broker down, what came of the catching up to the next. It returns the one that is at's.
func (g *going) add(main, at int, p, caught Point) Point {
	g.points++
	c := &g.result.Curves[main]
	c.Points = append(c.Points, p)
	if c.State == OneDown {
		next := &g.result.Curves[main+1]
		next.Points = append(next.Points, caught)
	}
	if at != main {
		return caught
	}
	return p
}

func bracket(s *search) string {
	switch {
	case s == nil || s.low == 0 && s.high == 0:
		return ""
	case s.high == 0:
		return fmt.Sprintf(" bracket=%s..", perSecond(s.low))
	}
	return fmt.Sprintf(" bracket=%s..%s", perSecond(s.low), perSecond(s.high))
}

// told is a point in a line of progress.
func (p *Point) told() string {
	text := fmt.Sprintf("achieved=%s ack_p99=%s", perSecond(p.Achieved), report.Human(p.Ack.P99))
	switch {
	case p.Validity != Valid:
		return text + fmt.Sprintf(" outcome=%q why=%q", p.Validity, p.Why)
	case p.Held:
		return text + " outcome=held"
	}
	return text + fmt.Sprintf(" outcome=missed why=%q", strings.Join(p.Missed, "; "))
}

// again takes the next point of an earlier sitting, if it is the one that is asked for: the search asks the same again.
func (g *going) again(at int, rate float64, purpose Purpose) (Point, bool) {
	name := g.result.Curves[at].Name
	earlier := g.earlier[name]
	if len(earlier) == 0 {
		return Point{}, false
	}
	if p := earlier[0]; p.Rate == rate && p.Purpose == purpose {
		g.earlier[name] = earlier[1:]
		return p, true
	}
	g.earlier[name] = nil // something was decided otherwise: what follows answers other questions
	return Point{}, false
}

// scenarioAt says how the scenario of a point is read: with a curve's settings, at a rate, with nothing broken but what the curve's state is.
func (g *going) scenarioAt(c *Curve, rate float64, settling time.Duration) []string {
	all := append(sets(c.Set), g.pace(rate), "expect="+g.written())
	if c.State != OneDown {
		return append(all, "faults=[]", fmt.Sprintf("phases={warm-up: %s, baseline: %s, recovery: 0s}", settling, g.Measuring))
	}
	return append(all, g.taking(settling, g.Measuring)...)
}

// taking says how the scenario is read in which one broker goes and comes back.
func (p *plan) taking(settling, measuring time.Duration) []string {
	return []string{
		fmt.Sprintf("faults=[{name: %s, at: 0s, for: %s, stop: b%d}]", downName, settling+failover+measuring, p.base.Broker.Nodes),
		fmt.Sprintf("phases={warm-up: %s, baseline: %s, recovery: %s}", settling, downBaseline, watchFor)}
}

func (p *plan) pace(rate float64) string {
	if p.poisson {
		return fmt.Sprintf("%s={poisson: %.0f/s}", ratePath, rate)
	}
	return fmt.Sprintf("%s=%.0f/s", ratePath, rate)
}

// written are the expectations as the scenario is told them.
func (p *plan) written() string {
	texts := []string{}
	for _, e := range p.expectations {
		texts = append(texts, e.Text)
	}
	data, _ := json.Marshal(texts) // strings always can be; and JSON is YAML
	return string(data)
}

// make makes the run of a point. It reports whether there is a point; without a report it is one that says nothing.
func (g *going) make(ctx context.Context, set []string, p Point) (Point, *report.Report, bool) {
	p.ID = fmt.Sprintf("%03d", g.points+1)
	folder := path.Join("points", p.ID)
	if g.result.Resumed > 0 { // the run that was interrupted may have left something there
		folder += fmt.Sprintf("-%d", g.result.Resumed+1)
	}
	if start := g.base.Load.Consumers.Start; start > 0 {
		set = append(set, "load.consumers.start=0s")
	}
	s, err := g.read(set, p)
	if err != nil {
		g.failed = fmt.Errorf("point %s: %w", p.ID, err)
		return p, nil, false
	}
	p.Started, p.Bytes = g.Now().UTC(), p.Rate*float64(s.Load.Size)
	r, err := g.protected(ctx, s, folder)
	p.Took = g.Now().Sub(p.Started)
	if ctx.Err() != nil || r != nil && r.Run.Stopped != "" { // what was cut short is no point
		return p, nil, false
	}
	if r == nil {
		p.Validity, p.Why = Inconclusive, report.Plain(fmt.Sprint(errors.Join(err)))
		if code := g.Code(err); code == report.ExitEnvironment || code == report.ExitUsage {
			g.failed = err
			return p, nil, false
		}
		return p, nil, true
	}
	p.Folder, p.Verdict = folder, r.Verdict
	g.meet(r)
	return p, r, true
}

// read reads the scenario of a point.
func (g *going) read(set []string, p Point) (*scenarios.Scenario, error) {
	s, err := g.Scenario(append(set, fmt.Sprintf("topic.name=%s-%s", g.base.Topic.Name, p.ID))...)
	if err != nil && p.Purpose == RecoverPoint { // its faults may name the topic
		s, err = g.Scenario(set...)
	}
	if err != nil || g.Fresh == nil || !g.Fresh(s) || s.Phases.WarmUp >= g.base.Phases.WarmUp {
		return s, err
	}
	return g.Scenario(append(set, "topic.name="+s.Topic.Name, fmt.Sprintf("phases.warm-up=%s", g.base.Phases.WarmUp))...)
}

// meet takes down what the first run tells of machine and cluster.
func (g *going) meet(r *report.Report) {
	if g.result.Host.OS == "" {
		g.result.Host, g.result.Broker = r.Run.Host, r.Run.Broker
	}
}

// baselineOf is when a run was measured in which nothing is broken.
func baselineOf(r *report.Report) report.Span {
	for _, p := range r.Phases {
		if p.Kind == report.Baseline {
			return report.Span{From: p.From, To: p.To}
		}
	}
	return report.Span{}
}
