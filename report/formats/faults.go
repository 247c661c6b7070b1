package formats

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// eachFault tells every series of injections, and then by themselves the faults that are in none, or stand out of theirs.
func eachFault(r *report.Report, told func(*series), each func(*report.Fault)) {
	hidden := map[string]bool{}
	for _, s := range seriesOf(r) {
		show := s.shown(r)
		for _, f := range s.faults {
			hidden[f.Name] = !show[f.Name]
		}
		told(s)
	}
	for i := range r.Faults {
		if !hidden[r.Faults[i].Name] {
			each(&r.Faults[i])
		}
	}
}

func faultTitle(f *report.Fault) string {
	title := fmt.Sprintf("Fault %s: %s %s", f.Name, f.Kind, f.Target)
	if f.ByHand {
		title += ", by hand"
	}
	if f.Params != "" {
		title += " (" + f.Params + ")"
	}
	return title
}

// faultRows tell when a fault was on, whom it hurt, and what shows that it did.
func faultRows(r *report.Report, f *report.Fault) []row {
	var rows []row
	if f.Commanded >= 0 {
		rows = append(rows, row{"when", fmt.Sprintf("commanded %s, effective %s, healed %s", at(r, f.Commanded), at(r, f.Effective), at(r, f.Healed))})
	}
	if len(f.Victims) > 0 {
		rows = append(rows, row{"victims", strings.Join(f.Victims, ", ")})
	}
	for _, c := range f.Chosen {
		rows = append(rows, row{"chosen", c})
	}
	for _, e := range f.Evidence {
		rows = append(rows, row{"evidence", e})
	}
	if f.Error != "" {
		rows = append(rows, row{"error", f.Error})
	}
	return rows
}

// wholeFault tells everything about a fault.
func wholeFault(r *report.Report, f *report.Fault) []row {
	return slices.Concat(faultRows(r, f), recoveriesOf(r, f), clientRows(r, f), faultEnd(f))
}

// faultEnd tells what did not go as faults do: one that was left out, or not healed, or never took effect.
func faultEnd(f *report.Fault) []row {
	var rows []row
	switch {
	case f.LeftOut != "":
		rows = append(rows, row{"left out", f.LeftOut})
	case f.HealError != "":
		rows = append(rows, row{"NOT HEALED", f.HealError})
	}
	if !f.Took() && f.LeftOut == "" {
		rows = append(rows, row{"recovery", "unknown: it did not take effect"})
	}
	return rows
}

// recoveriesOf tell the recovery from a fault that took effect.
func recoveriesOf(r *report.Report, f *report.Fault) (rows []row) {
	for i := range r.Recovery {
		if r.Recovery[i].Fault == f.Name && f.Took() {
			rows = append(rows, recoveryRows(&r.Recovery[i])...)
		}
	}
	return rows
}

func recoveryRows(r *report.Recovery) []row {
	if r.Service.Why != "" { // then nothing is known of gaps
		return []row{{"recovery", "unknown: " + r.Service.Why}}
	}
	rows := []row{
		{"service back", figure(r.Service, "effective", "no silence above "+report.Human(r.Threshold))},
		{"detected", figure(r.Detect, "effective", "at once")},
		{"first success", figure(r.FirstSuccess, "effective", "at once")},
		{"performance back", figure(r.Performance, "effective", "never worse")},
		{"redundancy back", figure(r.Redundancy, "healed", "by then")},
		{"backlog drained", figure(r.Drained, "healed", "by then")},
		{"gaps", fmt.Sprintf("%d above %s, in %.0f %% of the partitions, %s messages due in them", len(r.Gaps), report.Human(r.Threshold), 100*r.BlastRadius,
			report.Thousands(uint64(r.OutageArea)))},
	}
	for _, s := range r.Longest {
		rows = append(rows, row{"longest silence", fmt.Sprintf("%s, partition %d, %s", report.Human(s.Length()), s.Partition, s.Direction)})
	}
	if r.Failover.Known || r.Failover.Censored {
		rows = append(rows, row{"failover silence", r.Failover.String() + " for producers, on a partition that another node took over"})
	}
	if len(r.Parts) > 0 {
		var parts []string
		for _, p := range r.Parts {
			parts = append(parts, fmt.Sprintf("%s %s", p.Name, report.Human(p.Took)))
		}
		rows = append(rows, row{"outage", strings.Join(parts, ", ")})
	}
	if r.Explained != "" {
		rows = append(rows, row{"explained by", r.Explained})
	}
	if r.Vacuous != "" {
		rows = append(rows, row{"no failover", r.Vacuous})
	}
	if r.Brownout.Value > 0 {
		rows = append(rows, row{"brownout", r.Brownout.String() + " in which something was acknowledged, but much less or much slower than in the baseline"})
	}
	return rows
}

// figure tells a recovery time; zero is what to say of none.
func figure(f report.Figure, since, zero string) string {
	switch {
	case f.Known && f.Value == 0:
		return zero
	case f.Known:
		return fmt.Sprintf("%s after %s", f, since)
	case f.Censored:
		return fmt.Sprintf("more than %s after %s, when watching ended", report.Human(f.Value), since)
	}
	return "unknown: " + f.Why
}
