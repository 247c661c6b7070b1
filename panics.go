package squall

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/seed-228c25e4/squall/report"
)

// panics keeps the first panic of what it guards. By itself it would end the process at once, with everything still broken and nothing told; so it ends the
// plan, and is the run's error when all faults are reverted and the report is made.
type panics struct {
	first atomic.Pointer[string]
	stop  context.CancelCauseFunc // ends the plan
}

// guard returns f, which no longer panics.
func (p *panics) guard(f func()) func() {
	return func() { p.survives(f) }
}

// survives calls f, and reports whether it returned.
func (p *panics) survives(f func()) (returned bool) {
	defer func() {
		if v := recover(); v != nil {
			p.told(fmt.Sprintf("%v\n\n%s", v, debug.Stack()))
		}
	}()
	f()
	return true
}

// told ends the plan because of a panic. It may be called at any time.
func (p *panics) told(text string) {
	if p.first.CompareAndSwap(nil, &text) {
		p.stop(panicked)
	}
}

// panicked is how a run ends that panicked: nobody knows what would come of waiting any longer.
var panicked = Stopped{By: "a panic of squall's own, which is a bug", Code: report.ExitInternal, Quick: true}

// err is the first panic with where it was; nil: there was none.
func (p *panics) err() error {
	if text := p.first.Load(); text != nil {
		return fmt.Errorf("panic: %s", *text)
	}
	return nil
}
