package squall

import (
	"slices"

	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// A Todo keeps, where it outlives this process, which faults are still to be reverted.
type Todo interface {
	// Keep replaces what was kept before; none: everything is reverted. It is called before each injection and after each way back.
	Keep(open []report.Fault) error
}

// A ward follows which faults are open, and has them kept.
type ward struct {
	todo Todo // nil: nobody keeps them
	open []report.Fault
	told bool // that it does not work
}

// follow takes in a transition. The error is the first one of the keeper.
func (w *ward) follow(what faults.Transition, f report.Fault) error {
	switch {
	case what == faults.Commanded:
		w.open = append(w.open, f)
	case what == faults.Healed && f.HealError == "":
		w.open = slices.DeleteFunc(w.open, func(o report.Fault) bool { return o.Name == f.Name })
	default:
		return nil
	}
	if w.todo == nil || w.told {
		return nil
	}
	err := w.todo.Keep(w.open)
	w.told = err != nil
	return err
}
