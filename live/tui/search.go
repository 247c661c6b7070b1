package tui

import (
	"context"
	"sync"

	"github.com/seed-228c25e4/squall/report"
)

// A SearchBoard keeps how a search for what a cluster carries goes, and what the events of the run tell that it makes now, for a view that asks for it now and
// then. It neither draws nor waits.
type SearchBoard struct {
	stop func()
	run  *Board // of the point that is measured
	over chan struct{}

	mu       sync.Mutex
	search   *report.Search // as it was told last; nil: not yet
	point    string         // whose events run has
	note     string         // what was done last beside measuring
	finished bool
}

// NewSearchBoard returns a board that has been told nothing yet; stop ends the search as Ctrl-C does.
func NewSearchBoard(stop func()) *SearchBoard {
	return &SearchBoard{stop: stop, run: NewBoard(), over: make(chan struct{})}
}

// Watch takes how the search goes.
func (b *SearchBoard) Watch(s *report.Search) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.search = s
	if s.Now != nil && s.Now.ID != b.point { // its run has not begun
		b.point, b.note = s.Now.ID, ""
		b.run.forget()
	}
}

// Observe takes the next event of the run that is made now.
func (b *SearchBoard) Observe(e report.Event) { b.run.Observe(e) }

// Note takes in words what is done while nothing is measured.
func (b *SearchBoard) Note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note = text
}

// Finish says that the search is over.
func (b *SearchBoard) Finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.finished {
		b.finished = true
		close(b.over)
	}
}

// known returns what was told last.
func (b *SearchBoard) known() (*report.Search, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.search, b.note
}

// RunSearch shows the board until the search is over, or ctx ends, as Run does with a run.
func RunSearch(ctx context.Context, b *SearchBoard, o Options) error {
	return display(ctx, newSearchModel(b, o), o)
}
