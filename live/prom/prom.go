// Package prom shows a run to Prometheus while it goes on: an exporter that keeps what the run's events tell, and serves it. It knows the events of a
// run, and neither the run itself nor any broker.
package prom

import (
	"strings"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// An Exporter keeps what the events of a run come to, as metrics, and serves them. It implements squall.Observer; what it keeps does not grow with the
// run's length. When the next run begins, everything counts from zero again, as Prometheus expects of counters that restart.
type Exporter struct {
	mu    sync.Mutex
	known known
}

// known is what one run has told so far.
type known struct {
	run       *report.Run
	began     time.Time
	phase     report.PhaseKind
	total     report.Window // only its counts
	last      *report.Window
	latencies map[report.PhaseKind]*report.Latency
	errors    map[string]uint64
	faults    map[string]report.Fault
	order     []string // the faults' names, as they were planned or told
	state     *report.StateChange
	crashes   map[string]uint64
	safety    *report.Safety
	verdict   *report.Verdict
}

// NewExporter returns an exporter that has been told nothing yet.
func NewExporter() *Exporter { return &Exporter{known: fresh(nil, time.Time{})} }

func fresh(run *report.Run, began time.Time) known {
	k := known{run: run, began: began, phase: report.Prepare, latencies: map[report.PhaseKind]*report.Latency{}, errors: map[string]uint64{},
		faults: map[string]report.Fault{}, crashes: map[string]uint64{}}
	if run == nil {
		return k
	}
	for _, n := range run.Broker.Nodes {
		k.crashes[n] = 0
	}
	if run.Plan == nil {
		return k
	}
	for _, p := range run.Plan.Faults {
		k.fault(report.Fault{Name: p.Name, Kind: p.Kind, Commanded: report.Never, Effective: report.Never, Healing: report.Never, Healed: report.Never})
	}
	return k
}

// Observe takes the run's next event.
func (x *Exporter) Observe(e report.Event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	k := &x.known
	switch {
	case e.Run != nil:
		x.known = fresh(e.Run, e.UTC)
	case e.Phase != nil:
		k.phase = e.Phase.Kind
	case e.Fault != nil:
		k.fault(*e.Fault)
	case e.State != nil:
		k.state = e.State
	case e.Node != nil:
		k.crashes[e.Node.Node]++
	case e.Window != nil:
		k.window(e.Window)
	case e.Safety != nil:
		k.safety = e.Safety
	case e.Result != nil:
		k.verdict = e.Result
	}
}

func (k *known) fault(f report.Fault) {
	if _, known := k.faults[f.Name]; !known {
		k.order = append(k.order, f.Name)
	}
	k.faults[f.Name] = f
}

func (k *known) window(w *report.Window) {
	k.total.AddCounts(w)
	for class, n := range w.Errors {
		k.errors[class] += n
	}
	of := k.latencies[k.phase]
	if of == nil {
		of = &report.Latency{}
		k.latencies[k.phase] = of
	}
	of.Merge(w.Latency)
	for i := range w.Late {
		of.Merge(w.Late[i].Latency)
	}
	k.last = w
}

// The states of a fault, in the order in which it goes through them; the last three instead of those before.
const (
	planned   = "planned"
	injecting = "injecting"
	active    = "active"
	healing   = "healing"
	healed    = "healed"
	failed    = "failed"
	leftOut   = "left_out"
	unhealed  = "unhealed"
)

var faultStates = []string{planned, injecting, active, healing, healed, failed, leftOut, unhealed}

func stateOf(f report.Fault) string {
	switch {
	case f.HealError != "":
		return unhealed
	case f.Error != "":
		return failed
	case f.LeftOut != "":
		return leftOut
	case f.Healed >= 0:
		return healed
	case f.Healing >= 0:
		return healing
	case f.Effective >= 0:
		return active
	case f.Commanded >= 0:
		return injecting
	}
	return planned
}

// groupOf is the name that the scenario gives a fault, without the number of its injection: what is injected a thousand times is still one time series.
func groupOf(f report.Fault) string {
	if f.Group != "" {
		return f.Group
	}
	name, _, _ := strings.Cut(f.Name, " #")
	return name
}
