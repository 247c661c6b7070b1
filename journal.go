package squall

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// journalRoom is how many events may wait to be written.
const journalRoom = 4096

// A journal writes a run's events as lines of JSON, and tells the observers, in order and in one goroutine of its own.
type journal struct {
	clock     broker.Clock
	out       io.Writer  // nil: nobody keeps the events
	observers []Observer // nil: one that panicked is told nothing more
	watchers  []Watcher  // those of the observers that may act
	panics    *panics
	events    chan report.Event
	ending    chan struct{} // closed when nothing more is told; late events of clients are then left in the channel
	done      chan struct{}
	secrets   atomic.Pointer[report.Secrets]
	missed    atomic.Uint64 // client events for which there was no room
	failed    error         // the first error of out

	keeping sync.Mutex
	clients report.ClientLog // guarded by keeping
}

// newJournal returns a journal that is being written until close, and in which no secret is.
func newJournal(clock broker.Clock, out io.Writer, observers []Observer, p *panics, secrets report.Secrets) *journal {
	j := &journal{clock: clock, out: out, observers: slices.Clone(observers), panics: p, events: make(chan report.Event, journalRoom),
		ending: make(chan struct{}), done: make(chan struct{})}
	j.secrets.Store(&secrets)
	for _, o := range observers {
		if w, ok := o.(Watcher); ok {
			j.watchers = append(j.watchers, w)
		}
	}
	go j.run()
	return j
}

func (j *journal) run() {
	defer close(j.done)
	for {
		select {
		case e := <-j.events:
			j.write(e)
			continue
		case <-j.ending:
		}
		for {
			select {
			case e := <-j.events:
				j.write(e)
			default:
				return
			}
		}
	}
}

func (j *journal) write(e report.Event) {
	if j.out != nil && j.failed == nil && !j.panics.survives(func() { j.failed = j.keep(e) }) {
		j.failed = errors.New("squall panicked")
	}
	for i, o := range j.observers {
		if o != nil && !j.panics.survives(func() { o.Observe(e) }) {
			j.observers[i] = nil
		}
	}
}

// keep writes an event's line.
func (j *journal) keep(e report.Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = j.out.Write(append(line, '\n'))
	return err
}

// tell adds an event. Only the control plane calls it: it waits for room.
func (j *journal) tell(at time.Duration, e report.Event) { j.events <- j.stamped(at, e) }

// offer adds an event if there is room, for those who must not wait.
func (j *journal) offer(at time.Duration, e report.Event) {
	select {
	case j.events <- j.stamped(at, e):
	default:
		j.missed.Add(1)
	}
}

func (j *journal) stamped(at time.Duration, e report.Event) report.Event {
	e.At, e.UTC = at, j.clock.UTC(at)
	return report.Hidden(*j.secrets.Load(), e)
}

// note tells something that a reader should know.
func (j *journal) note(format string, args ...any) {
	j.tell(j.clock.Now(), report.Event{Type: report.EventNote, Text: fmt.Sprintf(format, args...)})
}

// client is what drivers tell their clients' events to.
func (j *journal) client(e broker.ClientEvent) {
	told := report.ClientEvent{Client: e.Client, Kind: string(e.Kind), Node: e.Node, Detail: e.Detail}
	j.offer(e.At, report.Event{Type: report.EventClient, Text: told.String(), Client: &told})
	j.keeping.Lock()
	defer j.keeping.Unlock()
	j.clients.Add(e.At, j.clock.UTC(e.At), told)
}

// clientEvents returns what happened to clients so far.
func (j *journal) clientEvents() *report.Clients {
	j.keeping.Lock()
	defer j.keeping.Unlock()
	return j.clients.Clients()
}

// close waits until everything is written and returns the first error of the file. Afterwards nothing is told; what clients still offer is lost.
func (j *journal) close() error {
	close(j.ending)
	<-j.done
	if j.failed != nil {
		return fmt.Errorf("write events: %w", j.failed)
	}
	return nil
}
