package squall

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A Watcher is an Observer that may act on the run that it watches.
type Watcher interface {
	Observer
	// Control is called once, before the load starts, and must not block. What it is given is not to be called from within Observe, which would keep the
	// events waiting.
	Control(report.Controls)
}

// savedFile is what the scenario with what was done by hand is called.
const savedFile = "by-hand.yaml"

// mostLines bounds how much of a node's log a watcher gets, in lines.
const mostLines = 1000

// hands are what was done to a run by hand.
type hands struct {
	run                *run
	course             *course       // nil: the load is not on yet
	start, baselineEnd time.Duration // of the load, on the clock
	curve              *loadgen.Steered
	fixed              error // why the rate cannot be changed

	acting  sync.Mutex // one act at a time
	steps   []faults.Step
	touched []report.Touch
	cut     map[string]bool // faults that were reverted by hand

	mu   sync.Mutex
	seen map[string]report.Fault // as each stands
}

// control gives the controls to the watchers that take them.
func (r *run) control() {
	controls := r.hands.controls()
	for _, o := range r.journal.watchers {
		r.panics.survives(func() { o.Control(controls) })
	}
}

// begin says that the load is on.
func (h *hands) begin(c *course, start time.Duration) {
	h.acting.Lock()
	defer h.acting.Unlock()
	h.course, h.start, h.baselineEnd = c, start, c.baselineEnd
	if h.fixed == nil {
		h.curve.Begin(start)
	}
}

// end says that the load is over.
func (h *hands) end() {
	h.acting.Lock()
	defer h.acting.Unlock()
	if h.fixed == nil {
		h.curve.End()
	}
}

func (h *hands) controls() report.Controls {
	c := report.Controls{Faults: h.faults(), Inject: h.inject, Revert: h.revert, Rate: h.rate, Stop: h.run.bed.Stop}
	if h.run.bed.Save != nil {
		c.Save = h.save
	}
	if slices.ContainsFunc(h.run.bed.Cluster.Nodes(), func(n broker.Node) bool { _, ok := n.(broker.Logger); return ok }) {
		c.Log = h.log
	}
	return c
}

// inject begins a fault.
func (h *hands) inject(line string) (err error) {
	step, err := h.run.scenario.ParseFault(line, h.kinds())
	if err != nil {
		return err
	}
	h.acting.Lock()
	defer h.acting.Unlock()
	step.Name = h.name()
	step.Of, step.Group, step.ByHand = step.Name, step.Name, true
	step.At = max(h.run.clock.Now(), h.start) - h.baselineEnd
	ctx, cancel := context.WithTimeout(context.Background(), 2*watchPatient)
	defer cancel()
	if h.course == nil {
		return faults.ErrNotRunning
	}
	h.course.expect(1)
	secrets := h.run.scenario.SecretsBeside(append(slices.Clone(h.steps), step))
	h.run.journal.secrets.Store(&secrets) // before anything is told of it
	if !h.run.panics.survives(func() { err = h.run.timeline.Join(ctx, step) }) {
		err = errors.New("squall panicked")
	}
	if err != nil {
		h.course.expect(-1)
		return err
	}
	h.steps = append(h.steps, step)
	for _, secret := range step.Secrets() {
		line = strings.ReplaceAll(line, secret, report.Stars)
	}
	h.touch(strings.Join(strings.Fields(line), " "))
	return nil
}

// name is what the next fault by hand is called: as nothing that the scenario has.
func (h *hands) name() string {
	taken := h.run.scenario.FaultNames()
	for _, s := range h.steps {
		taken = append(taken, s.Name)
	}
	for n := 1; ; n++ {
		if name := fmt.Sprintf("by-hand-%d", n); !slices.Contains(taken, name) {
			return name
		}
	}
}

func (h *hands) kinds() map[string]broker.Kind {
	return map[string]broker.Kind{h.run.scenario.Broker.Kind: h.run.bed.Kind}
}

// revert ends all that is in force.
func (h *hands) revert() error {
	h.acting.Lock()
	defer h.acting.Unlock()
	names, err := h.run.timeline.RevertAll()
	switch {
	case err != nil:
		return err
	case len(names) == 0:
		return errors.New("no fault is in force")
	}
	for _, n := range names {
		h.cut[n] = true
	}
	h.touch("revert")
	return nil
}

// rate changes the load.
func (h *hands) rate(perSecond float64) error {
	if h.fixed != nil {
		return h.fixed
	}
	if most := h.run.scenario.Broker.External.MaxRate; most > 0 && perSecond > most {
		return fmt.Errorf("%.4g/s is above broker.external.max-rate, which is %.4g/s", perSecond, most)
	}
	h.acting.Lock()
	defer h.acting.Unlock()
	if err := h.curve.SetRate(perSecond); err != nil {
		return err
	}
	h.touch(fmt.Sprintf("rate: %s/s", strconv.FormatFloat(perSecond, 'f', -1, 64)))
	return nil
}

// slowest returns the lowest rate that was set; +Inf: none was.
func (h *hands) slowest() float64 {
	lowest := math.Inf(1)
	if h.fixed == nil {
		for _, c := range h.curve.Changes() {
			lowest = min(lowest, c.Rate)
		}
	}
	return lowest
}

// steered gives a scenario the load as it was changed by hand, and returns what cannot be as it was.
func (h *hands) steered(s *scenarios.Scenario) (notes []string) {
	if h.fixed != nil {
		return nil
	}
	steps := h.curve.Steps(s.LoadEnd(), scenarios.MostSteps)
	if steps == nil {
		return nil
	}
	switch s.Load.Shape.(type) {
	case nil, *loadgen.Steps:
	case *loadgen.Poisson:
		notes = []string{"messages arrived at random, and come evenly here"}
	default:
		notes = []string{"the rate had a curve until it was changed, of which the steps are averages"}
	}
	s.Load.Shape = &steps
	return notes
}

// touch takes down what was done now.
func (h *hands) touch(what string) {
	t := report.Touch{At: h.run.clock.Now(), What: what}
	h.touched = append(h.touched, t)
	h.run.journal.tell(t.At, report.Event{Type: report.EventTouch, Text: "by hand: " + what, Touch: &t})
}

// report writes down what was done.
func (h *hands) report(r *report.Run) {
	h.acting.Lock()
	defer h.acting.Unlock()
	r.Touched = slices.Clone(h.touched)
	for _, s := range h.steps {
		r.FaultNames = append(r.FaultNames[:len(r.FaultNames):len(r.FaultNames)], s.Name)
	}
}

// follow keeps how a fault stands.
func (h *hands) follow(f report.Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen[f.Name] = f
}

func (h *hands) stands(name string) (report.Fault, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok := h.seen[name]
	return f, ok
}

// save writes the scenario with what was done by hand.
func (h *hands) save() (string, error) {
	h.acting.Lock()
	defer h.acting.Unlock()
	return h.run.bed.Save(savedFile, h.written())
}

// written is the scenario with what was done by hand, each at the time at which it was done.
func (h *hands) written() []byte {
	var done []faults.Step
	var notes []string
	for _, s := range h.steps {
		f, begun := h.stands(s.Name)
		if begun && f.Effective < 0 && f.Error != "" {
			notes = append(notes, fmt.Sprintf("%s is left out: it did not take effect: %s", s.Name, f.Error))
			continue
		}
		done = append(done, h.asDone(s, f, begun))
	}
	planned := *h.run.scenario
	notes = append(notes, h.steered(&planned)...)
	for _, name := range sortedKeys(h.cut) {
		f, _ := h.stands(name)
		if !f.ByHand && f.Took() && f.Healing >= 0 && !planned.Shorten(name, lasted(f)) {
			notes = append(notes, fmt.Sprintf("%s was reverted by hand after %s, and lasts as long as it was planned here", name, report.Human(f.Healing-f.Effective)))
		}
	}
	s, moved := scenarios.WithByHand(&planned, done)
	lines := []string{fmt.Sprintf("%s, with what was done by hand to run %s:", s.Name, h.run.bed.RunID)}
	for _, t := range h.touched {
		lines = append(lines, fmt.Sprintf("%s after the load began: %s", report.Human(max(t.At-h.start, 0)), t.What))
	}
	return scenarios.Annotated(s, h.run.journal.secrets.Load().HideAll(slices.Concat(lines, notes, moved)))
}

// asDone is a step by hand as it went.
func (h *hands) asDone(s faults.Step, f report.Fault, begun bool) faults.Step {
	if begun && f.Commanded >= 0 {
		s.At = f.Commanded - h.baselineEnd
	}
	if begun && f.Effective >= 0 && f.Healing >= 0 {
		s.For, s.Until = lasted(f), faults.Condition{}
	}
	s.At = s.At.Round(time.Millisecond)
	return s
}

// lasted is how long a fault that is over was in force, as a scenario says it.
func lasted(f report.Fault) time.Duration {
	return max((f.Healing - f.Effective).Round(time.Millisecond), time.Millisecond)
}

// log returns what a node wrote last.
func (h *hands) log(ctx context.Context, node string, lines int) ([]string, error) {
	nodes := h.run.bed.Cluster.Nodes()
	i := slices.IndexFunc(nodes, func(n broker.Node) bool { return n.Name() == node })
	if i < 0 {
		return nil, fmt.Errorf("there is no node %q%s", node, report.Suggest(node, h.run.scenario.NodeNames()))
	}
	logger, ok := nodes[i].(broker.Logger)
	if !ok {
		return nil, fmt.Errorf("nobody keeps what %s writes", node)
	}
	wrote, err := logger.Log(ctx, min(max(lines, 1), mostLines))
	wrote = h.run.journal.secrets.Load().HideAll(wrote)
	for i := range wrote {
		wrote[i] = report.Plain(wrote[i])
	}
	return wrote, err
}

// faults are the kinds of faults that can be injected here, each with an example and targets that nothing stands in the way of now.
func (h *hands) faults() []report.ByHand {
	state, in := h.run.watcher.state(), h.run.scenario.Place()
	var all []report.ByHand
	for _, k := range faults.Kinds() {
		b := report.ByHand{Kind: k.Name, About: k.About}
		for _, aim := range k.Aims(in) {
			example := k.ExampleOn(aim)
			step, err := h.run.scenario.ParseFault(example, h.kinds())
			if step.Name = h.name(); err != nil || h.run.timeline.Try(state, step) != nil {
				continue
			}
			if b.Example == "" {
				b.Example = example
			}
			if aim != "" {
				b.Targets = append(b.Targets, aim)
			}
		}
		if b.Example != "" {
			all = append(all, b)
		}
	}
	return all
}
