package faults

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// stackOf tells a panic with where it was, which the goroutine that recovers from it still knows.
func stackOf(p any) string { return fmt.Sprintf("%v\n\n%s", p, debug.Stack()) }

// panicError is what a fault's record says of a panic.
func panicError(p any) string { return fmt.Sprintf("squall panicked: %.200v", p) }

// goOn runs what a fault goes on with after Inject has returned. A panic in it ends the plan, which reverts the fault.
func (v Victims) goOn(do func()) {
	defer func() {
		if v.panicked == nil {
			return
		}
		if p := recover(); p != nil {
			v.Witness.Note("%s", panicError(p))
			v.panicked(stackOf(p))
		}
	}()
	do()
}

// A rescue carries the first panic of several side by side to who waits for them.
type rescue struct {
	once  sync.Once
	first any
}

// guard returns f, which no longer panics.
func (r *rescue) guard(f func()) func() {
	return func() {
		defer func() {
			if p := recover(); p != nil {
				r.once.Do(func() { r.first = stackOf(p) })
			}
		}()
		f()
	}
}

// again panics if one of the guarded did. All of them are to have ended.
func (r *rescue) again() {
	if r.first != nil {
		panic(r.first)
	}
}
