package formats

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// A verdictPart is the verdict, and what it means to somebody who sees one for the first time.
type verdictPart struct {
	Class, Sign, Word, Sentence, Means string
	ExitCode                           int
	Reasons                            []report.Reason
	Stated                             bool // it passes because of its reasons, which its scenario states
	Touched                            string
	Baseline                           string // what is worth saying of the run as a whole: emulated
}

func verdictOf(r *report.Report) verdictPart {
	v, run := &r.Verdict, &r.Run
	signs := map[report.Outcome]string{report.Pass: "✓", report.Fail: "✗", report.Inconclusive: "?"}
	p := verdictPart{Class: "unknown", Sign: "?", Word: strings.ToUpper(string(v.Outcome)), Sentence: v.Sentence, Means: meaning(r), ExitCode: int(v.ExitCode), Reasons: v.Reasons,
		Stated: asStated(r)}
	if sign, ok := signs[v.Outcome]; ok {
		p.Class, p.Sign = string(v.Outcome), sign
	}
	p.Touched = strings.Join(firstOf(touches(r), 10, "report.json"), ", ")
	p.Baseline = run.Broker.Emulated
	return p
}

// asStated reports whether a run passes because it came to what its scenario states, which is no pass otherwise.
func asStated(r *report.Report) bool {
	return r.Verdict.Outcome == report.Pass && len(r.Verdict.Reasons) > 0
}

// meaning says what an exit code means.
func meaning(r *report.Report) string {
	v := &r.Verdict
	missed := func(reason report.Reason) bool { return reason.Code == report.ExitMissed }
	switch v.ExitCode {
	case report.ExitSafety:
		return "The broker broke a promise about messages, or an expectation about them was missed: something was lost, stored twice, reordered or otherwise wrong."
	case report.ExitNotRecovered:
		return "Service had not come back when the load ended."
	case report.ExitMissed:
		if r.Run.Stated != "" && !slices.ContainsFunc(v.Reasons, missed) {
			return "The scenario states what its run comes to, and it came to something else."
		}
		return "An expectation about speed, availability or recovery was missed."
	case report.ExitInconclusive:
		return "Nobody can know: what was measured does not carry a verdict. It is neither a pass nor a failure of the broker."
	case report.ExitInterrupted, report.ExitTerminated:
		return "The run was stopped before its end, so that there is no verdict on what it was to try."
	case report.ExitInternal:
		return "squall itself failed, or could not undo what it had broken."
	case report.ExitPass:
		if asStated(r) {
			return "The scenario states what its run comes to, and it came to that: it is a control, which shows that squall finds what is there to be found. " +
				"That was found, as is told below, and so the run passes."
		}
		if v.Outcome == report.Pass {
			return "Nothing that the broker promises was broken, and every expectation is met."
		}
	}
	return ""
}

// A tile is a figure that is worth seeing first.
type tile struct{ Name, Value, About string }

func tiles(r *report.Report) []tile {
	s := &r.Safety
	if s.Owed() == 0 {
		return nil
	}
	all := []tile{
		{"acknowledged", report.Thousands(s.Acknowledged), fmt.Sprintf("of %s due, %.2f %%", report.Thousands(s.Owed()), 100*float64(s.Acknowledged)/float64(s.Owed()))},
		{"lost", report.Thousands(s.Lost), "acknowledged, and not in the log"},
	}
	if s.FinalRead.Consumed {
		all[1].About = "acknowledged, and given to nobody"
	}
	if !s.FinalRead.Done {
		all[1].About += "; it was not read to its end"
	}
	var worst *report.Recovery
	for i := range r.Recovery {
		if f := &r.Recovery[i]; f.Service.Why == "" && (worst == nil || f.Service.Value > worst.Service.Value) {
			worst = f
		}
	}
	if worst != nil {
		all = append(all, tile{"service back", worst.Service.String(), "after " + worst.Fault + ", the slowest of the faults"})
		if len(r.Recovery) == 1 {
			all[2].About = "after " + worst.Fault
		}
	}
	var slow *report.PhaseFigures
	for i := range r.Phases {
		p := &r.Phases[i]
		if q := p.Latency.Ack.Quantile(0.99); p.Kind == report.Baseline && q.Known {
			all = append(all, tile{"p99 in the baseline", q.String(), "from due to acknowledged"})
		}
		if p.Kind == report.During && (slow == nil || p.Latency.Ack.Quantile(0.99).Value > slow.Latency.Ack.Quantile(0.99).Value) {
			slow = p
		}
	}
	if slow != nil {
		all = append(all, tile{"p99 " + slow.Name, slow.Latency.Ack.Quantile(0.99).String(), "from due to acknowledged"})
	}
	return all
}

// A whatPart is what was run.
type whatPart struct {
	Rows    [][2]string
	Command string
	Details []detail
}

// A detail is something long that is folded away on a screen. On paper it has to show, and no browser prints what stands in a closed element: so it stands
// behind the element, and the style hides it.
type detail struct {
	Title string
	Table table
	Text  string
}

func whatOf(r *report.Report) whatPart {
	run := &r.Run
	w := whatPart{Rows: named(runRows(r)), Command: shell(run.Command)}
	add := func(t string, head []string, rows [][]string) {
		if len(rows) > 0 {
			w.Details = append(w.Details, detail{Title: t, Table: table{Head: head, Rows: rows}})
		}
	}
	add("Versions, images and the machine", []string{"what", "which"}, versions(run))
	add("The broker's settings in force", []string{"setting", "value"}, sorted(run.Broker.Config))
	add("The clients' settings in force", []string{"setting", "value"}, sorted(run.Client))
	var timers [][]string
	for _, t := range run.Timers {
		timers = append(timers, []string{t.Name, t.Span(), t.Part, t.Note})
	}
	add("Timers that decide how long a recovery takes", []string{"timer", "value", "part", "what it does"}, timers)
	if run.Effective != "" {
		w.Details = append(w.Details, detail{Title: "The scenario with everything filled in", Text: run.Effective})
	}
	return w
}

// versions tell what ran, by names that do not change.
func versions(run *report.Run) (rows [][]string) {
	rows = append(rows, []string{"squall", run.Version})
	for _, v := range sorted(run.Broker.Versions) {
		rows = append(rows, []string{"broker " + v[0], v[1]})
	}
	for _, i := range run.Broker.Images {
		rows = append(rows, []string{"image of the " + i.Role, strings.TrimSpace(i.Name + " " + i.Digest + " " + i.Note)})
	}
	h := run.Host
	return append(rows, []string{"machine of the load", fmt.Sprintf("%s/%s, %d CPUs, of which squall may use %d, %s", h.OS, h.Arch, h.CPUs, h.MaxProcs, h.Go)})
}
