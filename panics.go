package squall

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// panics keeps the first panic of the goroutines that it guards. By itself it would end the process at once, with everything still broken; so it ends the
// plan, and goes on in the goroutine of the run when all faults are reverted.
type panics struct {
	first atomic.Pointer[string]
	stop  context.CancelCauseFunc // ends the plan
}

// guard returns f, which no longer panics.
func (p *panics) guard(f func()) func() {
	return func() {
		defer func() {
			if v := recover(); v != nil {
				text := fmt.Sprintf("%v\n\n%s", v, debug.Stack())
				p.first.CompareAndSwap(nil, &text)
				p.stop(Stopped{By: "a panic", Quick: true})
			}
		}()
		f()
	}
}

// again panics if one of the guarded did.
func (p *panics) again() {
	if text := p.first.Load(); text != nil {
		panic(*text)
	}
}
