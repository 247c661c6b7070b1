package faults

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// An act is a step in force: from when its victims are known to when it is reverted.
type act struct {
	Victims
	step   Step
	state  broker.State // in which the victims were found
	revert Revert       // the way back, once there is something to revert
	gone   chan struct{}

	end     context.CancelCauseFunc // ends it; nil: it has not begun
	cut     bool                    // it is to end, by hand
	healing bool
}

// A stage knows which steps are in force, in the order in which they began, and which are over.
type stage struct {
	mu     sync.Mutex
	acts   []*act
	before Victims // of the step that began last
	done   map[string]chan struct{}
	ends   map[string]time.Time // of steps that are over
	late   time.Time            // when the last step that has an end of its own was over
	others crowd                // the steps that have one, and are not over
	cut    int                  // acts that end by hand
	calm   chan struct{}        // closed when there are none any more
}

// open prepares for the steps.
func (s *stage) open(steps []Step) {
	s.done, s.ends = map[string]chan struct{}{}, map[string]time.Time{}
	s.late = time.Now()
	for _, st := range steps {
		s.done[st.Name] = make(chan struct{})
		s.expect(st)
	}
}

// expect says that a step is to come.
func (s *stage) expect(st Step) {
	if st.For > 0 {
		s.others.enter()
	}
}

// over says that a step is over, whatever became of it.
func (s *stage) over(st Step) {
	s.mu.Lock()
	s.ends[st.Name] = time.Now()
	if st.For > 0 {
		s.late = s.ends[st.Name]
		s.others.leave()
	}
	s.mu.Unlock()
	if done, ok := s.done[st.Name]; ok { // nothing waits for one that joined
		close(done)
	}
}

// ended returns when a step was over.
func (s *stage) ended(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends[name]
}

// othersEnded returns when the last step that has an end of its own was over.
func (s *stage) othersEnded() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.late
}

// alone reports whether every step that has an end of its own is over.
func (s *stage) alone() bool {
	select {
	case <-s.others.empty():
		return true
	default:
		return false
	}
}

// awaitOthers waits until every step that has an end of its own is over, or ctx ends.
func (s *stage) awaitOthers(ctx context.Context) {
	select {
	case <-s.others.empty():
	case <-ctx.Done():
	}
}

// enter takes an act on, unless allowed says that it may not begin; allowed is asked with those that are in force.
func (s *stage) enter(a *act, allowed func(on []*act) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut > 0 {
		return errReverting
	}
	if err := allowed(s.acts); err != nil {
		return err
	}
	a.gone = make(chan struct{})
	s.acts = append(s.acts, a)
	s.before = a.Victims
	return nil
}

func (s *stage) leave(a *act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts = slices.DeleteFunc(s.acts, func(o *act) bool { return o == a })
	close(a.gone)
	if a.cut {
		if s.cut--; s.cut == 0 {
			close(s.calm)
		}
	}
}

// on returns the acts in force, and the victims of the step that began last.
func (s *stage) on() ([]*act, Victims) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.acts), s.before
}

// since returns the acts in force that began after this one.
func (s *stage) since(a *act) []*act {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.acts[slices.Index(s.acts, a)+1:])
}

// hurtBy returns the names of all nodes that the acts hurt, each once.
func hurtBy(acts []*act) []string {
	var names []string
	for _, a := range acts {
		names = append(names, without(nodeNames(a.hurt()), names)...)
	}
	return names
}
