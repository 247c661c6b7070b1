// Package tui is the terminal view of a run: a board that keeps what the run's events tell, and a program that draws it a few times a second and hands
// on what its user asks for. It knows the events and the controls of a run, and neither the run itself nor any broker.
package tui

import (
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Bounds of what a board keeps, however long the run.
const (
	keptLines   = 2000
	keptStates  = 1000
	keptWindows = 3600 // for expectations about rates; latencies are kept by phase, whole
)

// A Board keeps what the events of one run tell, for a view that asks for it now and then. It implements squall.Observer: it neither draws nor waits, so
// that a slow terminal never holds up a run.
type Board struct {
	mu       sync.Mutex
	rebuilt  report.Rebuilder
	controls report.Controls
	known    snapshot  // its slices are only ever appended to, or made anew
	handed   *snapshot // what was handed out last; nil: something has happened since
	told     map[string]int
	received time.Time // when the last event came, on the wall clock
	over     chan struct{}

	parsed []report.Expectation // of known.run, in order
	judged time.Duration        // the run's time at which it was judged last
}

// NewBoard returns a board that has been told nothing yet.
func NewBoard() *Board {
	return &Board{rebuilt: report.Rebuilder{Keep: keptWindows}, told: map[string]int{}, over: make(chan struct{})}
}

// Observe takes the run's next event.
func (b *Board) Observe(e report.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.rebuilt.Add(e) // what is no event of a run here is judged by nobody, and shown all the same
	b.handed, b.received = nil, time.Now()
	k := &b.known
	k.at = max(k.at, e.At)
	switch {
	case e.Run != nil:
		k.run = e.Run
		b.parse()
	case e.Phase != nil:
		k.enter(*e.Phase)
	case e.Fault != nil:
		b.fault(*e.Fault)
	case e.State != nil:
		k.state = e.State
		k.states = lastOf(append(k.states, e.State.At), keptStates)
	case e.Node != nil:
		k.crashes = append(k.crashes, *e.Node)
	case e.Window != nil:
		k.window(e.Window)
		return // there is one every second: they are no lines
	case e.Safety != nil:
		k.safety = e.Safety
		return
	case e.Touch != nil:
		k.touched++
	case e.Result != nil:
		k.verdict = e.Result
	}
	k.say(line{at: e.At, kind: e.Type, text: e.Text})
}

// Control gives the view what it may ask of the run. Without it, nothing can be changed.
func (b *Board) Control(c report.Controls) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.controls = c
}

// Finish says that the run is over: with its report, or with the error for which there is none.
func (b *Board) Finish(r *report.Report, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known.over {
		return
	}
	b.known.over, b.known.report, b.known.failed, b.handed = true, r, err, nil
	if err != nil {
		b.known.say(line{at: b.known.at, kind: report.EventNote, text: err.Error()})
	}
	if r != nil {
		b.known.verdict, b.known.safety = &r.Verdict, &r.Safety
		b.known.judged, b.known.figures = final(r.Expectations), r.Phases
	}
	close(b.over)
}

// forget makes the board one that has been told nothing, except that what it hands out stays newer than what it did.
func (b *Board) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	version := b.known.version
	b.rebuilt, b.known, b.handed, b.told = report.Rebuilder{Keep: keptWindows}, snapshot{version: version}, nil, map[string]int{}
	b.received, b.over, b.parsed, b.judged = time.Time{}, make(chan struct{}), nil, 0
}

// fault keeps what was told last of a fault.
func (b *Board) fault(f report.Fault) {
	at, known := b.told[f.Name]
	faults := slices.Clone(b.known.faults)
	if !known {
		at, faults = len(faults), append(faults, report.Fault{})
		b.told[f.Name] = at
	}
	faults[at] = f
	b.known.faults = faults
}

// snapshot returns what is known now; the same one as before if nothing has happened since.
func (b *Board) snapshot() *snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.handed == nil {
		b.known.version++
		s := b.known
		s.phases = slices.Clone(s.phases) // the last one is still to be ended
		s.plan()
		b.handed = &s
	}
	return b.handed
}

// allowed returns what may be asked of the run.
func (b *Board) allowed() report.Controls {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.controls
}

// since returns the run's time now, as far as it can be told from the last event.
func (b *Board) since(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.received.IsZero() || b.known.over {
		return b.known.at
	}
	return b.known.at + max(0, now.Sub(b.received))
}

// lastOf returns the last entries of a list that may grow to half as many again. Those who hold the old list keep it.
func lastOf[T any](all []T, n int) []T {
	if len(all) < n+n/2 {
		return all
	}
	return slices.Clone(all[len(all)-n:])
}
