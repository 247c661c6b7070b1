package loadgen

import (
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Phases tells which phase of the run a moment belongs to. One goroutine begins phases; any number ask, without a lock.
type Phases struct {
	list atomic.Pointer[[]report.Phase]
	anew atomic.Int64 // when the topic was made anew last
}

// NewPhases returns phases of which the first has begun.
func NewPhases(first report.Phase) *Phases {
	p := &Phases{}
	p.list.Store(&[]report.Phase{first})
	return p
}

// Begin ends the current phase where the next one starts.
func (p *Phases) Begin(next report.Phase) {
	before := *p.list.Load()
	list := make([]report.Phase, len(before), len(before)+1)
	copy(list, before)
	list[len(list)-1].To = next.From
	list = append(list, next)
	p.list.Store(&list)
}

// Renew says that the topic was made anew: offsets begin at 0 again, and those of messages that were due before are of a log that is gone.
func (p *Phases) Renew(at time.Duration) { p.anew.Store(int64(at)) }

// End ends the last phase.
func (p *Phases) End(at time.Duration) {
	list := append([]report.Phase(nil), *p.list.Load()...)
	list[len(list)-1].To = at
	p.list.Store(&list)
}

// List returns all phases that have begun.
func (p *Phases) List() []report.Phase { return append([]report.Phase(nil), *p.list.Load()...) }

// Current returns the phase that began last.
func (p *Phases) Current() report.Phase {
	list := *p.list.Load()
	return list[len(list)-1]
}

// of returns the index of the phase that a message belongs to: the one in which it was due, or the fault that began after that and before it was
// done with.
func (p *Phases) of(due, done time.Duration) int {
	list := *p.list.Load()
	i := len(list) - 1
	for i > 0 && list[i].From > due {
		i--
	}
	if next := i + 1; next < len(list) && list[next].Kind == report.During && list[next].From <= done {
		return next
	}
	return i
}

// kindAt returns the kind of the phase that a moment lies in.
func (p *Phases) kindAt(at time.Duration) report.PhaseKind {
	list := *p.list.Load()
	i := len(list) - 1
	for i > 0 && list[i].From > at {
		i--
	}
	return list[i].Kind
}
