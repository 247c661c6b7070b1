package faults

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-228c25e4/squall/broker"
)

// Preflight tries before the load what the steps will need: every target resolves in the state, and testbed and driver can do what is asked of them. It
// returns all that is wrong, at once.
func (t *Timeline) Preflight(s broker.State) error {
	var errs []error
	var before Victims
	told := map[string]bool{} // one injection of several is enough
	inOrder := slices.SortedStableFunc(slices.Values(t.Steps), func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	for _, step := range inOrder {
		v, err := t.try(s, step, before)
		if err != nil && !told[step.Of+err.Error()] {
			told[step.Of+err.Error()] = true
			errs = append(errs, fmt.Errorf("fault %s: %w", step.Name, err))
		}
		before = v
	}
	return errors.Join(errs...)
}

func (t *Timeline) try(s broker.State, step Step, before Victims) (Victims, error) {
	v, err := t.victims(s, step, before)
	if err == nil {
		err = allowed(step, t.Cluster)
	}
	if err != nil {
		return v, err
	}
	var tooMuch tooMuchError
	if err := t.within(&act{Victims: v, step: step, state: s}, nil); errors.As(err, &tooMuch) {
		return v, err
	}
	err = halvesThere(v)
	if k, ok := FindKind(step.Kind); ok && k.Needs != nil {
		err = errors.Join(err, k.Needs(v))
	}
	if d, ok := step.Fault.(Demanding); ok {
		err = errors.Join(err, d.Needs(v))
	}
	return v, err
}

// halvesThere looks whether the links have the half that is to be acted on.
func halvesThere(v Victims) error {
	i := slices.IndexFunc(v.Links, broker.OneWay)
	if v.Half != Replies || i < 0 {
		return nil
	}
	from, to := v.Links[i].From(), v.Links[i].To()
	return fmt.Errorf("%s -> %s has no replies of its own: these nodes share their connections, and it is all that %s says; name %s -> %s, and leave only out", from, to, from, to, from)
}
