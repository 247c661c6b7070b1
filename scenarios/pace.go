package scenarios

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
)

// Trace is recorded arrivals and the file that they were read from.
type Trace struct {
	loadgen.Trace
	File string // below the scenario's folder
}

// Curve returns the schedule of all producers together, its chance drawn from the scenario's seed.
func (s *Scenario) Curve() loadgen.Curve {
	switch c := s.Load.Shape.(type) {
	case nil:
		return loadgen.Constant{Rate: s.Load.Rate}
	case *loadgen.Poisson:
		return loadgen.Poisson{Rate: c.Rate, Seed: s.Seed}
	default:
		return c
	}
}

// SlowestRate returns the fewest messages of all producers together that are due in one second between the end of the baseline and the end of the
// load, on average where chance decides; +Inf where the broker decides.
func (s *Scenario) SlowestRate() float64 {
	if s.Load.ClosedLoop() {
		return math.Inf(1)
	}
	from, to := s.BaselineEnd(), s.LoadEnd()
	if to <= from {
		from = 0
	}
	return slices.Min(s.perSecond(from, to))
}

// PeakRate returns the most messages of all producers together that are due in one second of the load, on average where chance decides; 0 where the
// broker decides.
func (s *Scenario) PeakRate() float64 {
	if s.Load.ClosedLoop() {
		return 0
	}
	return slices.Max(s.perSecond(0, s.LoadEnd()))
}

// perSecond returns the rate of every second from one moment of the load to another, in messages per second; what is left behind the last whole second
// counts only where it is all. Of a very long load it is that of slices of several seconds.
func (s *Scenario) perSecond(from, to time.Duration) []float64 {
	const most = 100_000 // of slices, more than a day of seconds
	curve, rates := s.Curve(), []float64{}
	slice := max(time.Second, (to-from)/most)
	for at := from; at < to; at += slice {
		end := min(at+slice, to)
		if end-at < slice && at > from {
			break
		}
		rates = append(rates, (curve.Count(end)-curve.Count(at))/(end-at).Seconds())
	}
	return rates
}

// PacingAuto leaves it to the machine how producers wait for their messages' time.
const PacingAuto = "auto"

// Waiting returns how producers wait on this machine. Left to the machine, they wait precisely only where each has a core for itself beside one for each
// broker and one for everything else: watching the clock would otherwise take away what it measures.
func (s *Scenario) Waiting() loadgen.Pacing {
	if s.Load.Pacing != PacingAuto {
		return loadgen.Pacing(s.Load.Pacing)
	}
	if runtime.GOMAXPROCS(0) > s.coresToWait() {
		return loadgen.Precise
	}
	return loadgen.Economical
}

func (s *Scenario) coresToWait() int { return s.Load.Producers.Count + s.Broker.Nodes }

// ClosedLoop reports whether there is no schedule: the broker sets the pace.
func (l *Load) ClosedLoop() bool {
	_, ok := l.Shape.(loadgen.Max)
	return ok
}

// Poisson reports whether messages arrive at random (Poisson), at a rate that does not change.
func (l *Load) Poisson() bool {
	_, ok := l.Shape.(*loadgen.Poisson)
	return ok
}

// Pace says in few words how fast messages are sent.
func (l *Load) Pace() string {
	perSecond := func(rate float64) string { return thousands(rate) + "/s" }
	switch c := l.Shape.(type) {
	case *loadgen.Ramp:
		return fmt.Sprintf("%s to %s within %s", perSecond(c.From), perSecond(c.To), writeDuration(c.Over))
	case *loadgen.Steps:
		rates := make([]string, len(*c))
		for i, step := range *c {
			rates[i] = perSecond(step.Rate)
		}
		if more := len(rates) - 5; more > 0 {
			rates = append(rates[:5], fmt.Sprintf("%d more", more))
		}
		return "steps of " + strings.Join(rates, ", ")
	case *loadgen.Sine:
		return fmt.Sprintf("%s ± %s in waves of %s", perSecond(c.Mean), perSecond(c.Amplitude), writeDuration(c.Period))
	case *loadgen.Burst:
		return fmt.Sprintf("%s with bursts of %s for %s every %s", perSecond(c.Base), perSecond(c.Peak), writeDuration(c.For), writeDuration(c.Every))
	case *loadgen.Poisson:
		return fmt.Sprintf("%s on average, arriving at random (Poisson)", perSecond(c.Rate))
	case *Trace:
		return fmt.Sprintf("%s arrivals of %s", report.Thousands(uint64(len(c.Trace))), c.File)
	case loadgen.Max:
		return "as much as the brokers take (a closed loop)"
	}
	return perSecond(l.Rate)
}

// pace is the load's rate: a plain one, a shape, or max.
type pace struct{ *draft }

// shapes are all kinds of curves. The load's own, if it has one, is among them.
func (v pace) shapes() []variant {
	c := v.s.Load.Shape
	ramp, sine, burst := own[loadgen.Ramp](c), own[loadgen.Sine](c), own[loadgen.Burst](c)
	steps, poisson, trace := own[loadgen.Steps](c), own[loadgen.Poisson](c), own[Trace](c)
	return []variant{
		{"ramp", ramp, whole{"{ from: 100/s, to: 5k/s, over: 30s }", section{
			{"from", rate{&ramp.From, v.draft, true}, "The rate at the start of the load."}, {"to", rate{&ramp.To, v.draft, true}, "The rate at the end of the ramp, and from then on."},
			{"over", duration{p: &ramp.Over, least: time.Millisecond}, "How long the way takes."}}}, "From one rate to another, evenly."},
		{"steps", steps, stairs{steps, v.draft}, "One rate after the other; the last one goes on."},
		{"sine", sine, whole{"{ mean: 2k/s, amplitude: 1k/s, period: 1m }", section{
			{"mean", rate{&sine.Mean, v.draft, false}, "The rate in the middle."}, {"amplitude", rate{&sine.Amplitude, v.draft, false}, "How far it goes up and down."},
			{"period", duration{p: &sine.Period, least: time.Millisecond}, "How long a wave lasts."}}}, "A rate that goes up and down in waves."},
		{"burst", burst, whole{"{ base: 500/s, peak: 5k/s, every: 10s, for: 1s }", section{
			{"base", rate{&burst.Base, v.draft, true}, "The rate between bursts."}, {"peak", rate{&burst.Peak, v.draft, false}, "The rate in a burst."},
			{"every", duration{p: &burst.Every, least: time.Millisecond}, "From the beginning of one burst to the next."},
			{"for", duration{p: &burst.For, least: time.Millisecond}, "How long a burst lasts."}}}, "A rate with bursts of another."},
		{"poisson", poisson, rate{&poisson.Rate, v.draft, false}, "Arrivals at random, so many on average: as independent users send."},
		{"trace", trace, recorded{trace, v.draft}, "Recorded arrivals: a file below the scenario's folder."},
	}
}

// closedLoop is the rate of a load without a schedule.
const closedLoop = "max"

func (v pace) read(r *reader, field string, n *yaml.Node) {
	l := &v.s.Load
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == closedLoop:
		l.Shape = loadgen.Max{}
		return
	case n.Kind != yaml.MappingNode:
		rate{&l.Rate, v.draft, false}.read(r, field, n)
		return
	}
	const example = "{ ramp: { from: 100/s, to: 5k/s, over: 30s } }"
	if c, ok := pick(r, field, n, v.shapes(), "shape", example).(loadgen.Curve); ok {
		l.Shape = c
	}
}

func (v pace) write() *yaml.Node {
	switch v.s.Load.Shape.(type) {
	case nil:
		return rate{p: &v.s.Load.Rate}.write()
	case loadgen.Max:
		return scalar(closedLoop)
	}
	return writeVariant(v.shapes(), v.s.Load.Shape)
}

// stairs are the steps of a rate.
type stairs struct {
	p *loadgen.Steps
	d *draft
}

// MostSteps bounds the steps of a rate: each message looks for its own.
const MostSteps = 100

func (v stairs) read(r *reader, path string, n *yaml.Node) {
	const example = "{ rate: 1k/s, for: 10s }"
	switch {
	case n.Kind != yaml.SequenceNode || len(n.Content) == 0:
		r.note(n, path, "", "wants a list of steps, as in [%s, { rate: 2k/s, for: 10s }]", example)
		return
	case len(n.Content) > MostSteps:
		r.note(n, path, "", "%d steps are too many; write at most %d, or a trace", len(n.Content), MostSteps)
		return
	}
	*v.p = make(loadgen.Steps, len(n.Content))
	for i, c := range n.Content {
		place := fmt.Sprintf("%s[%d]", path, i)
		r.places[place] = c
		v.step(i, example).read(r, place, c)
	}
}

func (v stairs) step(i int, example string) whole {
	step := &(*v.p)[i]
	return whole{example, section{{"rate", rate{&step.Rate, v.d, true}, "The rate of the step."}, {"for", duration{p: &step.For, least: time.Millisecond}, "How long it lasts."}}}
}

func (v stairs) write() *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range *v.p {
		list.Content = append(list.Content, v.step(i, "").write())
	}
	return list
}

// recorded is the file of a trace.
type recorded struct {
	p *Trace
	d *draft
}

func (v recorded) read(r *reader, field string, n *yaml.Node) {
	text{p: &v.p.File}.read(r, field, n)
	if r.wrong(field) {
		return
	}
	data, err := v.d.file(v.p.File)
	if err == nil {
		v.p.Trace, err = loadgen.ParseTrace(data)
	}
	if err != nil {
		r.note(n, field, "", "%s: %v", quoted(v.p.File), err)
	}
}

func (v recorded) write() *yaml.Node { return text{p: &v.p.File}.write() }

// checkPace tells what is wrong between the fields of a shape that are right each for itself.
func (d *draft) checkPace() {
	const field = "load.rate"
	if d.wrong(field) {
		return
	}
	wrong := func(part, format string, args ...any) { d.note(d.at(part), part, "", format, args...) }
	switch c := d.s.Load.Shape.(type) {
	case *loadgen.Ramp:
		if c.From+c.To == 0 {
			wrong(field+".ramp", "nothing would be sent; write how much, as in to: 5k/s")
		}
	case *loadgen.Steps:
		if !slices.ContainsFunc(*c, func(s loadgen.Step) bool { return s.Rate > 0 }) {
			wrong(field+".steps", "nothing would be sent in any step; write how much, as in rate: 1k/s")
		}
	case *loadgen.Sine:
		if c.Amplitude > c.Mean {
			wrong(field+".sine.amplitude", "the rate would fall below zero; write at most the mean")
		}
	case *loadgen.Burst:
		if c.For >= c.Every {
			wrong(field+".burst.for", "a burst would last until the next one begins; write less than every")
		}
	case *Trace:
		if end := d.s.LoadEnd(); c.Last() < end-time.Second {
			wrong(field+".trace", "%s ends after %s, and the load lasts %s; shorten the phases, or record more",
				c.File, report.Human(c.Last()), writeDuration(end))
		}
	}
}
