package capacity

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// What is searched for where nobody says otherwise.
const (
	DefaultResolution = 0.03
	DefaultConfirm    = 3
	DefaultSettling   = 5 * time.Second
	DefaultMeasuring  = 15 * time.Second
	DefaultMost       = 100 // points of a sweep
	// lowest is what part of the scenario's own rate is tried at least.
	lowest = 1.0 / 64
)

// ratePath is the field that is searched over; swept over, its values are measured as they are.
const ratePath = "load.rate"

// A plan is what is to be measured.
type plan struct {
	base         *scenarios.Scenario
	expectations []report.Expectation // that hold at a rate, whatever is broken
	objectives   []report.Expectation // of recovery
	grid         [][]Setting          // of the sweeps over everything but the rate, one for each curve; at least one, which may be empty
	rates        []float64            // swept over; none: they are searched
	degraded     bool                 // whether it is measured with one broker down too
	recovers     bool                 // whether recovery is
	top          Stop                 // why nothing above the highest rate is tried
	poisson      bool                 // messages arrive at random
	parts        []plannedPart        // of which all this consists, in order
	notMeasured  []NotMeasured
	question     string
}

// newPlan says what is to be measured, and fills in what the options leave open. Its error tells everything that is wrong with the question.
func newPlan(o *Options) (*plan, error) {
	base, err := o.Scenario()
	if err != nil {
		return nil, err
	}
	p := &plan{base: base}
	if err := errors.Join(p.asks(o), p.paces(o), p.sweeps(o)); err != nil {
		return nil, err
	}
	if err := p.breaks(o); err != nil {
		return nil, err
	}
	p.estimate(o)
	if o.Settings.Points > o.Most {
		return nil, fmt.Errorf("%d points are asked for, about %s, and %d are the most: sweep over fewer values, or allow more with --max-points %[1]d",
			o.Settings.Points, report.Roughly(o.Settings.Estimate), o.Most)
	}
	p.question = p.asked()
	return p, nil
}

// asks finds the expectations that can be held against a rate.
func (p *plan) asks(o *Options) error {
	if v := p.base.Verdict; v.Outcome != "" && v.Outcome != report.Pass {
		return fmt.Errorf("the scenario states that it comes to %s: it is a control, and no rate would pass; take another one", v)
	}
	texts := []string{}
	for _, e := range p.base.Expect {
		texts = append(texts, e.Text)
	}
	timely := false
	for _, text := range append(texts, o.Expect...) {
		e, err := report.ParseExpectation(text, nil)
		switch {
		case err == nil && e.During != string(report.WarmUp):
			p.expectations = append(p.expectations, e)
			timely = timely || !e.Warn && slices.Contains([]string{"ack", "e2e", "service-time"}, e.Metric)
		case slices.Contains(o.Expect, text):
			return fmt.Errorf("--expect %q: %w", text, err)
		default:
			p.about(text)
		}
	}
	if !timely {
		return fmt.Errorf("no expectation is about latency, so that any rate would do that is not lost: add one to the scenario, or say it with --expect 'ack.p99 < 100ms'")
	}
	return nil
}

// about sorts an expectation that no healthy cluster can be held against.
func (p *plan) about(text string) {
	e, err := report.ParseExpectation(text, p.base.FaultNames())
	if err == nil && strings.HasPrefix(e.Metric, "recovery.") {
		p.objectives = append(p.objectives, e)
		return
	}
	p.leaveOut(text, "it is about a fault or a phase that a search has not")
}

// paces checks the rates, and fills them in.
func (p *plan) paces(o *Options) error {
	s := &o.Settings
	if p.poisson = p.base.Load.Poisson(); p.base.Load.Shape != nil && !p.poisson {
		return fmt.Errorf("the scenario's rate changes by itself (%s), and a search sets it for each point: give one rate, as in --set load.rate=1k/s", p.base.Load.Pace())
	}
	if err := p.bounds(s); err != nil {
		return err
	}
	rate := p.base.Load.Rate
	if s.From == 0 {
		s.From = round(max(1, rate*lowest, p.needs()/s.Measuring.Seconds()))
		if s.To > 0 {
			s.From = min(s.From, s.To)
		}
	}
	switch {
	case s.To > 0 && s.To < s.From:
		return fmt.Errorf("--to %s is less than --from %s", perSecond(s.To), perSecond(s.From))
	case s.Resolution < 0.005 || s.Resolution > 1:
		return fmt.Errorf("--resolution is between 0.5%% and 100%%, not %g%%", 100*s.Resolution)
	case s.Measuring < 3*time.Second || s.Settling < time.Second:
		return fmt.Errorf("points are measured for 3s or more, after 1s or more of settling, not %s and %s", report.Human(s.Measuring), report.Human(s.Settling))
	}
	return nil
}

// bounds keeps the rates of a cluster that squall did not start at or below the limit that is stated for it.
func (p *plan) bounds(s *Settings) error {
	p.top = StopHighest
	most := p.base.Broker.External.MaxRate
	switch {
	case p.base.Broker.Run != scenarios.Elsewhere || most == 0:
	case s.To > most:
		return fmt.Errorf("--to %s is more than may be sent to this cluster: broker.external.max-rate is %s", perSecond(s.To), perSecond(most))
	case s.From > most:
		return fmt.Errorf("--from %s is more than may be sent to this cluster: broker.external.max-rate is %s", perSecond(s.From), perSecond(most))
	case s.To == 0:
		s.To, p.top = most, StopStated
	}
	return nil
}

// needs is how many messages a point has to have at least, so that its rarest quantile is one.
func (p *plan) needs() float64 {
	const outside = 3 // messages, that are slower than the quantile
	most := 0.0
	for _, e := range p.expectations {
		q, err := strconv.ParseFloat(strings.TrimPrefix(e.Stat, "p"), 64)
		if err == nil && strings.HasPrefix(e.Stat, "p") && q < 100 {
			most = max(most, outside/(1-q/100))
		}
	}
	return most
}

// start is the rate that is tried first.
func (p *plan) start(s Settings) float64 {
	rate := max(round(p.base.Load.Rate), s.From)
	if s.To > 0 {
		rate = min(rate, s.To)
	}
	return rate
}

// breaks says whether it is measured with something broken, and sees to it that what one broker leaves goes to no other.
func (p *plan) breaks(o *Options) error {
	b := &p.base.Broker
	why := ""
	switch {
	case o.Faults == FaultsOff:
		why = "it was not asked for: --faults off"
	case b.Nodes < 2:
		why = "there is but one broker"
	case p.base.Topic.Replicas < 2:
		why = "each partition has one replica, and is gone with its broker"
	case len(o.Settings.Sweeps) > 0:
		why = "a sweep measures the healthy cluster"
	case o.Faults == FaultsAuto && b.Nodes < 3:
		why = "there are but two brokers; --faults on measures it all the same"
	case b.Run == scenarios.Elsewhere:
		p.elsewhere(o)
		return nil
	default:
		var err error
		if why, err = p.share(o); err != nil {
			return err
		}
	}
	if p.degraded, p.recovers = why == "", why == ""; why != "" {
		p.leaveOut("one broker down, catching up, and recovery", why)
	}
	return nil
}

// leaveOut notes that something is not measured, and why.
func (p *plan) leaveOut(what, why string) {
	p.notMeasured = append(p.notMeasured, NotMeasured{what, why})
}

// generatorNeeds is what squall itself is left of the machine's processors, and generatorShare which part of them at least.
const (
	generatorNeeds = 0.75
	generatorShare = 0.25
	// leastCPU is what a broker needs of a processor to be one.
	leastCPU = 0.2
)

// share says why what a broker leaves that is down would go to the others; empty: each has its own limit, and all of them and the generator have room on the
// machine. Where the scenario limits none, each is given an equal part of what there is.
func (p *plan) share(o *Options) (why string, err error) {
	b := &p.base.Broker
	switch {
	case b.Run == scenarios.Embedded && o.Faults == FaultsOn, o.CPUs == 0:
		return "", nil
	case b.Run == scenarios.Embedded:
		return "the brokers share this machine's processors without limits, so that the others would have what the one leaves; --faults on measures it all the same", nil
	}
	left := float64(o.CPUs) - max(generatorNeeds, generatorShare*float64(o.CPUs))
	each := left / float64(b.Nodes)
	switch {
	case b.Limits.CPU == 0 && each < leastCPU:
		return fmt.Sprintf("%d processors are too few for limits on %s beside the generator, so that the others would have what the one leaves", o.CPUs, countOf(b.Nodes, "broker")), nil
	case b.Limits.CPU*float64(b.Nodes) > left+1e-9:
		return fmt.Sprintf("%s of %g processors each and the generator do not fit on this machine's %d, so that the others would have what the one leaves: set broker.limits.cpu to %.2f or less",
			countOf(b.Nodes, "broker"), b.Limits.CPU, o.CPUs, math.Floor(each*100)/100), nil
	case b.Limits.CPU > 0:
		return "", nil
	}
	limit := fmt.Sprintf("broker.limits.cpu=%.2f", math.Floor(each*100)/100)
	read := o.Scenario
	o.Scenario = func(set ...string) (*scenarios.Scenario, error) { return read(append([]string{limit}, set...)...) }
	o.Settings.Given = append(o.Settings.Given, limit)
	p.base, err = o.Scenario()
	return "", err
}

// estimate tells about how many points there will be, and how long they take.
func (p *plan) estimate(o *Options) {
	s := &o.Settings
	p.parts = p.planParts(*s)
	s.Points, s.Estimate = 0, p.base.Beside()+p.warmUp(*s)
	for _, part := range p.parts {
		s.Points += part.points
		s.Estimate += time.Duration(part.points) * part.each
	}
}

// besideDown is about what a run takes longer in which a broker goes and comes back.
const besideDown = downBaseline + failover + watchFor

// given tells in a line of progress what was set besides.
func given(s Settings) string {
	if len(s.Given) == 0 {
		return ""
	}
	return fmt.Sprintf(" set=%q", strings.Join(s.Given, " "))
}

func (p *plan) states() string {
	all := []string{string(Healthy)}
	if p.degraded {
		all = append(all, string(OneDown), string(CatchingUp))
	}
	return strings.Join(all, ", ")
}

// asked is the question in one sentence.
func (p *plan) asked() string {
	var held []string
	for _, e := range p.expectations {
		if !e.Warn {
			held = append(held, e.Text)
		}
	}
	b := &p.base.Broker
	if len(p.rates) > 0 {
		return fmt.Sprintf("Which of the rates that were given does %s on %s carry with %s?", b.Kind, countOf(b.Nodes, "broker"), strings.Join(held, ", "))
	}
	question := fmt.Sprintf("What is the highest rate that %s on %s carries with %s", b.Kind, countOf(b.Nodes, "broker"), strings.Join(held, ", "))
	if p.degraded {
		question += ", with all brokers, with one broker down and while that one catches up"
	}
	return question + "?"
}

// result is what there is before anything is measured.
func (p *plan) result(o *Options) *Result {
	r := &Result{Schema: SchemaVersion, Version: o.Version, Scenario: p.base.Name, About: p.base.About, Source: p.base.Source, Question: p.question,
		Settings: o.Settings, Started: o.Now().UTC(), Command: o.Command, Effective: string(scenarios.Effective(p.base)), Workload: workloadOf(p.base), Goal: o.Goal, NotMeasured: p.notMeasured}
	for _, e := range p.expectations {
		r.Expectations = append(r.Expectations, e.Text)
	}
	return r
}
