package compare

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

const sec = time.Second

// told returns the report of a run with a fault that is repeated three times, one by hand, and one that was left out.
func told() *report.Report {
	phase := func(name string, kind report.PhaseKind, fault string, from, to time.Duration, ack time.Duration) report.PhaseFigures {
		h := report.Histogram{Buckets: []report.Bucket{{Value: ack, Count: 1000}}, Max: ack}
		return report.PhaseFigures{Phase: report.Phase{Name: name, Kind: kind, Fault: fault, From: from, To: to}, Latency: report.Latency{Ack: h, E2E: h}}
	}
	r := &report.Report{Verdict: report.Verdict{Outcome: report.Pass}, Run: report.Run{ID: "1", Scenario: "s", Effective: "name: s\nload: 1/s\n", Host: report.Host{OS: "linux", Arch: "amd64", CPUs: 2},
		Broker: report.Broker{Kind: "kafka", Testbed: "containers", Versions: map[string]string{"b1": "4.1", "b2": "4.1"}, Images: []report.Image{{Name: "kafka", Digest: "sha256:1"}}}}}
	r.Phases = []report.PhaseFigures{phase("baseline", report.Baseline, "", 2*sec, 5*sec, 10*time.Millisecond)}
	service := []report.Figure{report.KnownFigure(4 * sec), report.CensoredFigure(9 * sec), report.KnownFigure(5 * sec), report.KnownFigure(77 * sec), report.KnownFigure(78 * sec)}
	for i, name := range []string{"kill #1", "kill #2", "kill #3", "by-hand-1", "kill #4"} {
		f := report.Fault{Name: name, Group: "kill"}
		switch i {
		case 3:
			f.Group, f.ByHand = "", true
		case 4:
			f.LeftOut = "nobody led"
		}
		from := time.Duration(10*(i+1)) * sec
		r.Faults = append(r.Faults, f)
		r.Recovery = append(r.Recovery, report.Recovery{Fault: name, Service: service[i], Detect: report.KnownFigure(sec), Performance: report.UnknownFigure("nobody looked"),
			Redundancy: report.KnownFigure(0), Drained: report.KnownFigure(0)})
		r.Phases = append(r.Phases, phase("during "+name, report.During, name, from, from+4*sec, 3*sec), phase("recovery "+name, report.Recovering, name, from+4*sec, from+8*sec, sec))
	}
	for i := range 5 {
		r.Windows = append(r.Windows, report.Window{Start: time.Duration(i) * sec, Acknowledged: uint64(100 * i)})
	}
	return r
}

func figureOf(t *testing.T, r Run, name string) Figure {
	t.Helper()
	for _, f := range r.Figures {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no %s in %+v", name, r.Figures)
	return Figure{}
}

func TestOf(t *testing.T) {
	r := Of(told())
	if r.Barred != "" || r.NoBaseline != "" || r.Broker != "kafka, containers, 4.1, kafka sha256:1" || r.Machine != "linux/amd64 with 2 CPUs" || len(r.Figures) != 10 {
		t.Errorf("%+v", r)
	}
	for name, want := range map[string]Figure{
		"ack.p99 during baseline":      {Unit: report.UnitDuration, Value: 0.01},
		"ack.rate during baseline":     {Unit: report.UnitRate, Value: 300}, // the seconds 2, 3 and 4
		"recovery.service of kill":     {Unit: report.UnitDuration, Value: 5},
		"recovery.detect of kill":      {Unit: report.UnitDuration, Value: 1},
		"ack.p99 during kill":          {Unit: report.UnitDuration, Value: 3},
		"recovery.performance of kill": {Unit: report.UnitDuration, Why: "it is not known of 3 of 3 injections"},
	} {
		want.Name = name
		if got := figureOf(t, r, name); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// What the host disturbed is left out, by figure; of several injections, only those that were.
func TestOfDisturbed(t *testing.T) {
	quiet := told()
	quiet.Disturbances = []report.Disturbance{{From: 11 * sec, To: 12 * sec}, {From: 35 * sec, To: 36 * sec}}
	r := Of(quiet)
	if f := figureOf(t, r, "recovery.service of kill"); !f.Beyond || f.Value != 9 {
		t.Errorf("only the second injection was not disturbed, and it never came back: %+v", f)
	}
	if f := figureOf(t, r, "ack.p99 during kill"); f.Why != disturbedWhy {
		t.Errorf("%+v", f)
	}
	if f := figureOf(t, r, "ack.p99 during baseline"); f.Why != "" {
		t.Errorf("%+v", f)
	}
	quiet.Disturbances = []report.Disturbance{{From: 0, To: 60 * sec}}
	all := Of(quiet)
	for _, f := range all.Figures {
		if f.Why != disturbedWhy {
			t.Errorf("%+v", f)
		}
	}
	if all.Barred != "" || all.NoBaseline != "no figure of it can be used: "+disturbedWhy {
		t.Errorf("barred %q, no baseline %q", all.Barred, all.NoBaseline)
	}
	if added, err := (History{Dir: t.TempDir()}).Add(all); added || err != nil {
		t.Error("a run without figures joined the history", err)
	}
}

func TestOfWhatSaysNothing(t *testing.T) {
	for want, change := range map[string]func(*report.Report){
		"did not come to its end":     func(r *report.Report) { r.Run.CutOff = "at 3s" },
		"was stopped":                 func(r *report.Report) { r.Run.Stopped = "by Ctrl-C" },
		"was touched by hand":         func(r *report.Report) { r.Run.Touched = []report.Touch{{What: "revert"}} },
		"its verdict is fail":         func(r *report.Report) { r.Verdict.Outcome = report.Fail },
		"its verdict is inconclusive": func(r *report.Report) { r.Verdict.Outcome = report.Inconclusive },
	} {
		r := told()
		change(r)
		if run := Of(r); !strings.Contains(run.NoBaseline, want) || strings.HasPrefix(want, "its verdict") == (run.Barred != "") {
			t.Errorf("%q, barred %q, want %q", run.NoBaseline, run.Barred, want)
		}
	}
	for scope, without := range map[report.Scope]int{report.ScopeSpeed: 10, report.ScopeAll: 10, report.ScopeRecovery: 5, report.ScopeSafety: 0} {
		r := told()
		r.Validity = []report.Finding{{Scope: scope, Text: "the schedule was missed"}}
		n := 0
		for _, f := range Of(r).Figures {
			if f.Why == "the schedule was missed" {
				n++
			}
		}
		if n != without {
			t.Errorf("%s: %d figures are left out, want %d", scope, n, without)
		}
	}
}
