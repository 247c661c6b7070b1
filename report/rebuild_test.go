package report

import (
	"strings"
	"testing"
	"time"
)

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// killed are the events of a run that was killed while a fault was on.
func killed() []Event {
	window := func(at int, phase string, sent, acknowledged uint64) Event {
		w := Window{Start: time.Duration(at) * time.Second, Phase: phase, Due: sent, Sent: sent, Acknowledged: acknowledged, Delivered: acknowledged}
		w.Latency.Ack = Histogram{Buckets: []Bucket{{Value: time.Millisecond, Count: acknowledged}}, Max: time.Millisecond}
		return Event{Type: EventWindow, Window: &w}
	}
	phase := func(name string, kind PhaseKind, at time.Duration) Event {
		return Event{Type: EventPhase, Phase: &Phase{Name: name, Kind: kind, From: at * time.Second}}
	}
	last := window(3, "during kill", 10, 7)
	last.Window.Aborted = 2
	last.Window.Late = []Late{{Start: 2 * time.Second, Phase: "baseline", Due: 4, Latency: window(2, "baseline", 10, 5).Window.Latency}}
	all := []Event{
		{Type: EventRun, Run: &Run{ID: "1", Scenario: "night", Started: begin, Objective: []string{"lost == 0"}, Contract: Contract{Durable: true}}},
		{Type: EventState, State: &StateChange{Nodes: []string{"b1"}}},
		phase("warm-up", WarmUp, 1), phase("baseline", Baseline, 2), window(1, "warm-up", 10, 9), window(2, "baseline", 10, 11),
		{Type: EventNote, Text: "something to know"}, phase("during kill", During, 3),
		{Type: EventFault, Fault: &Fault{Name: "kill", Commanded: 3 * time.Second, Effective: Never, Healed: Never}},
		{Type: EventFault, Fault: &Fault{Name: "kill", Commanded: 3 * time.Second, Effective: 3 * time.Second, Healed: Never}},
		{Type: EventNode, Node: &Crash{Node: "b2", At: 3 * time.Second}}, {Type: EventClient, Client: &ClientEvent{Client: "producer-0"}},
		{Type: EventTouch, Touch: &Touch{At: 3 * time.Second, What: "revert"}},
		{Type: "of a later squall"}, last,
	}
	for i := range all {
		all[i].At = time.Duration(i) * 250 * time.Millisecond
		all[i].UTC = begin.Add(all[i].At)
	}
	return all
}

func rebuilt(t *testing.T, events []Event) *Report {
	t.Helper()
	var b Rebuilder
	for _, e := range events {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	r, ok := b.Report()
	if !ok {
		t.Fatal("nothing is known")
	}
	return r
}

func TestRebuild(t *testing.T) {
	r := rebuilt(t, killed())
	if want := "squall was killed, or its machine went down, 3.5s after the run began, during kill: there was no final read"; r.Run.CutOff != want {
		t.Errorf("%q, want %q", r.Run.CutOff, want)
	}
	if len(r.Run.Touched) != 1 || r.Run.Touched[0].String() != "revert at 3s" {
		t.Errorf("touched %v", r.Run.Touched)
	}
	if s := r.Safety; s.Sent != 30 || s.Acknowledged != 27 || s.Aborted != 2 || s.Pending != 1 || s.FinalRead.Done || s.FinalRead.Reason == "" {
		t.Errorf("%+v", s)
	}
	if len(r.Faults) != 1 || !r.Faults[0].Took() || len(r.Crashes) != 1 || len(r.Findings) != 1 || len(r.History.States) != 1 || len(r.Windows) != 3 {
		t.Errorf("%+v", r)
	}
	if len(r.Recovery) != 1 || r.Recovery[0].Fault != "kill" || r.Recovery[0].Service.Known || r.Recovery[0].Service.Why == "" {
		t.Errorf("%+v", r.Recovery)
	}
	if p := r.Phases; len(p) != 4 || p[2].From != 2*time.Second || p[2].To != 3*time.Second || p[2].Acknowledged != 11 || p[2].Latency.Ack.Count() != 16 || p[3].To != 3500*time.Millisecond {
		t.Errorf("%+v", p)
	}
	if w := r.Windows; w[1].Due != 14 || w[1].Latency.Ack.Count() != 16 || w[2].Late != nil {
		t.Errorf("what was told late is not where it belongs: %+v", w)
	}
}

// The times of day are those of the events, although the run's clock went before the run began.
func TestRebuildKeepsTheTimeOfDay(t *testing.T) {
	events := killed()
	for i := range events {
		events[i].At += 6210 * time.Millisecond
		if p := events[i].Phase; p != nil {
			p.From += 6210 * time.Millisecond
		}
	}
	for _, n := range []int{1, 3, len(events)} {
		r := rebuilt(t, events[:n])
		for _, e := range events {
			if got := r.UTC(e.At); !got.Equal(e.UTC) {
				t.Errorf("of %d events: %s is %s, want %s", n, e.At, got, e.UTC)
			}
		}
	}
}

// A run that was cut off is never a pass, and a fail only where a violation was told: what ended squall may have hurt whatever else it was held against.
func TestCutOffIsInconclusive(t *testing.T) {
	balance := func(lost uint64) []Event {
		s := Safety{Sent: 30, Acknowledged: 30, Lost: lost, FinalRead: FinalRead{Done: true}}
		return append(killed(), Event{Type: EventSafety, Safety: &s})
	}
	for name, c := range map[string]struct {
		events []Event
		stated string
		code   ExitCode
		told   string
	}{
		"in the middle":           {killed(), "", ExitInconclusive, "inconclusive: squall was killed"},
		"before anything":         {killed()[:1], "", ExitInconclusive, "0s after the run began, during prepare: there was no final read; nothing was sent"},
		"nothing acknowledged":    {append(killed()[:4], Event{Type: EventWindow, Window: &Window{Phase: "warm-up", Sent: 9}}), "", ExitInconclusive, "0 of 9 messages acknowledged"},
		"stated as inconclusive":  {killed(), "inconclusive", ExitInconclusive, "inconclusive: squall was killed"},
		"stated to fail":          {killed(), "fail(crash)", ExitInconclusive, "inconclusive: squall was killed"},
		"before the verdict":      {balance(0), "", ExitInconclusive, "and before the verdict"},
		"lost before the verdict": {balance(3), "", ExitSafety, "fail: 3 acknowledged messages are lost"},
		"after the verdict": {append(balance(0), Event{Type: EventVerdict, Result: &Verdict{Outcome: Pass, Sentence: "pass: all well."}}), "", ExitInconclusive,
			"the verdict that they tell is pass: all well; 30 of 30"},
	} {
		t.Run(name, func(t *testing.T) {
			r := rebuilt(t, c.events)
			r.Run.Stated = c.stated
			e, err := ParseExpectation("lost == 0", nil)
			if err != nil {
				t.Fatal(err)
			}
			late, err := ParseExpectation("recovery.service < 9s", []string{"kill"})
			if err != nil {
				t.Fatal(err)
			}
			Judge(r, []Expectation{e, late})
			if v := r.Verdict; v.ExitCode != c.code || !strings.Contains(v.Sentence, c.told) || strings.Count(v.Sentence, "squall was killed") > 1 {
				t.Errorf("exit code %d, want %d: %s; want %q", v.ExitCode, c.code, v.Sentence, c.told)
			}
			if len(r.Validity) != 1 || r.Validity[0].Text != r.Run.CutOff {
				t.Errorf("%+v", r.Validity)
			}
			if r.Expectations[1].Outcome != Inconclusive {
				t.Errorf("%+v", r.Expectations)
			}
		})
	}
}

func TestEventsOfNoRun(t *testing.T) {
	whole := killed()
	for want, events := range map[string][]Event{
		"begin with one of type \"state\"": whole[1:],
		"another run begins":               {whole[0], whole[0]},
		"what it is about is missing":      {whole[0], {Type: EventWindow}},
		"its type is \"\"":                 {{}},
	} {
		var b Rebuilder
		var err error
		for _, e := range events {
			if err == nil {
				err = b.Add(e)
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, ok := new(Rebuilder).Report(); ok {
		t.Error("of no event a report is made")
	}
}

// Who follows a run for days keeps its latest seconds alone, and judges by them what was due and sent; latencies are those of whole phases all the same.
func TestRebuildKeepsTheLatest(t *testing.T) {
	b := Rebuilder{Keep: 10}
	tell := func(e Event) {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	tell(killed()[0])
	tell(Event{Type: EventPhase, Phase: &Phase{Name: "baseline", Kind: Baseline}})
	for i := range 1000 {
		w := Window{Start: time.Duration(i) * time.Second, Phase: "baseline", Due: 100, Sent: 100, Acknowledged: 100}
		w.Latency.Ack = Histogram{Max: time.Millisecond, Buckets: []Bucket{{Value: time.Millisecond, Count: 100}}}
		w.Latency.Lag = Histogram{Max: 2 * time.Millisecond, Buckets: []Bucket{{Value: time.Millisecond, Count: 99}, {Value: 2 * time.Millisecond, Count: 1}}}
		tell(Event{Type: EventWindow, Window: &w})
	}
	r, _ := b.Report()
	if n := len(r.Windows); n < 10 || n >= 20 || r.Windows[n-1].Start != 999*time.Second {
		t.Errorf("%d windows, to %s", n, r.Windows[n-1].Start)
	}
	if p := r.Phases[1]; p.Acknowledged != 100_000 || p.Latency.Ack.Count() != 100_000 || p.Latency.Lag.Count() != 100_000 {
		t.Errorf("%+v", p)
	}
	if late := r.late("baseline"); late != 0 {
		t.Errorf("%.2f of the messages count as late", late)
	}
}
