package recovery

import (
	"fmt"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// Repeated returns the series of the faults that were injected more than once, in the order of their first injections.
func Repeated(faults []report.Fault, recoveries []report.Recovery, timers []report.Timer) []report.Series {
	var names []string
	injections := map[string][]int{}
	for i := range faults {
		name, _, repeated := strings.Cut(faults[i].Name, " #")
		if !repeated {
			continue
		}
		if len(injections[name]) == 0 {
			names = append(names, name)
		}
		injections[name] = append(injections[name], i)
	}
	var all []report.Series
	for _, name := range names {
		if len(injections[name]) > 1 {
			all = append(all, newSeries(name, injections[name], faults, recoveries, timers))
		}
	}
	return all
}

func newSeries(name string, injections []int, faults []report.Fault, recoveries []report.Recovery, timers []report.Timer) report.Series {
	s := report.Series{Name: name, Injections: len(injections)}
	var took []report.Recovery
	for _, i := range injections {
		switch f := &faults[i]; {
		case f.LeftOut != "":
			s.LeftOut++
		case f.Took():
			s.Took++
			for _, r := range recoveries {
				if r.Fault == f.Name {
					took = append(took, r)
				}
			}
		}
	}
	for _, figure := range []struct {
		to *report.Distribution
		of func(*report.Recovery) report.Figure
	}{
		{&s.Detect, func(r *report.Recovery) report.Figure { return r.Detect }},
		{&s.FirstSuccess, func(r *report.Recovery) report.Figure { return r.FirstSuccess }},
		{&s.Service, func(r *report.Recovery) report.Figure { return r.Service }},
		{&s.Failover, func(r *report.Recovery) report.Figure { return r.Failover }},
		{&s.Performance, func(r *report.Recovery) report.Figure { return r.Performance }},
		{&s.Redundancy, func(r *report.Recovery) report.Figure { return r.Redundancy }},
		{&s.Drained, func(r *report.Recovery) report.Figure { return r.Drained }},
	} {
		var all []report.Figure
		for i := range took {
			all = append(all, figure.of(&took[i]))
		}
		*figure.to = report.Distribute(all)
	}
	s.Shares = shares(took)
	s.Explained = explainSeries(s, took, timers)
	return s
}

// shares tells how much of all outages that could be taken apart each part took.
func shares(recoveries []report.Recovery) []report.PartShare {
	var all []report.PartShare
	var sum float64
	for _, r := range recoveries {
		if len(r.Parts) > 0 {
			sum += r.Service.Value.Seconds()
		}
	}
	for _, name := range []report.PartName{report.Detection, report.Election, report.Discovery, report.CatchUp} {
		share := report.PartShare{Name: name}
		var each []report.Figure
		for _, r := range recoveries {
			for _, p := range r.Parts {
				if p.Name == name {
					each = append(each, report.KnownFigure(p.Took))
					share.Share += p.Took.Seconds() / sum
				}
			}
		}
		if share.P50 = report.Distribute(each).P50; len(each) > 0 {
			all = append(all, share)
		}
	}
	return all
}

// explainSeries names the timer that explains the largest part of most outages, where one does, with the part that this was most often; else the
// one that explains most failovers as a whole.
func explainSeries(s report.Series, recoveries []report.Recovery, timers []report.Timer) string {
	outages, explained := 0, map[string]map[report.PartName]int{}
	var whole []report.Figure
	for _, r := range recoveries {
		if r.Service.Value > 0 {
			outages++
		}
		if len(r.Parts) > 0 {
			whole = append(whole, r.Service)
		}
		if r.Timer == "" || len(r.Parts) == 0 {
			continue
		}
		if explained[r.Timer] == nil {
			explained[r.Timer] = map[report.PartName]int{}
		}
		explained[r.Timer][largestOf(r).Name]++
	}
	for _, t := range timers {
		n, often := 0, 0
		var of report.PartShare
		for _, share := range s.Shares {
			times := explained[t.Name][share.Name]
			if n += times; times > often {
				of, often = share, times
			}
		}
		if 2*n > outages {
			return fmt.Sprintf("%s of %s at the median is %s, which %s = %s explains in %d of %d outages", of.P50, report.Distribute(whole).P50, of.Name, t.Name, t.Span(), n, outages)
		}
	}
	return explainFailovers(s, recoveries, timers)
}
