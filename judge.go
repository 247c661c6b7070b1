package squall

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/recovery"
	"github.com/seed-228c25e4/squall/report"
)

// Judge judges a report again, from what is in it alone, as Run judged it: recovery is computed anew from its history and held with everything else
// against the run's own expectations, and the verdict that the scenario states is held too. Where other expectations are given, they take the place of
// the run's own, and no verdict is stated. An error tells every expectation that cannot be evaluated; the report is then as it was.
//
// A report from before it was kept how long recoveries are watched keeps its recovery figures, and so does one that was put together from the events,
// which tell no silences.
func Judge(r *report.Report, others ...string) error {
	texts := r.Run.Objective
	if len(others) > 0 {
		texts = others
	}
	var all []report.Expectation
	var errs []error
	for _, text := range texts {
		e, err := report.ParseExpectation(text, faultNames(r))
		if err != nil {
			errs = append(errs, fmt.Errorf("expectation %q: %w", text, err))
		}
		all = append(all, e)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(others) > 0 {
		r.Findings = append(r.Findings, foreign(r))
		r.Run.Objective, r.Run.Stated = others, ""
	}
	if r.Run.Watch > 0 && r.Run.CutOff == "" {
		analyse(r)
	}
	report.Judge(r, all)
	return nil
}

// analyse computes how recovery went from what else is in the report.
func analyse(r *report.Report) {
	r.Recovery = recovery.Analyse(r.History, r.Faults, r.Windows, r.Run.Timers, r.Run.Watch)
	r.Series = recovery.Repeated(r.Faults, r.Recovery, r.Run.Timers)
	if r.Backlog != nil {
		r.Backlog = recovery.Backlog(r.Windows, r.Backlog.Began)
	}
}

// foreign tells that a report was judged by other expectations than the run's own.
func foreign(r *report.Report) string {
	text := "The expectations are not the run's own, but were given when it was judged again."
	if r.Run.Stated != "" {
		text += fmt.Sprintf(" The scenario states %s of its own, which was not held.", r.Run.Stated)
	}
	return text
}

// faultNames returns the names by which expectations can speak of the run's faults. Reports from before these were kept know those of the faults that
// were planned.
func faultNames(r *report.Report) []string {
	if len(r.Run.FaultNames) > 0 {
		return r.Run.FaultNames
	}
	var names []string
	for _, f := range r.Faults {
		base, _, _ := strings.Cut(f.Name, " #")
		for _, name := range []string{f.Name, f.Group, base} {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
