package recovery

import (
	"reflect"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A fault after hours has the same recovery figures where the windows before and after it were thinned as where all are kept: those near it are seconds.
func TestAnalyseAThinnedRun(t *testing.T) {
	const begin, healed, end = 6000, 6030, 12_000
	fault := report.Fault{Name: "kill", Commanded: begin * time.Second, Effective: begin*time.Second + 5*time.Millisecond, Healing: healed * time.Second, Healed: healed * time.Second}
	phase := func(name string, kind report.PhaseKind, from, to time.Duration) report.Phase {
		return report.Phase{Name: name, Kind: kind, From: from * time.Second, To: to * time.Second}
	}
	h := report.History{LoadEnd: end * time.Second, Rate: 100, Phases: []report.Phase{phase("baseline", report.Baseline, 0, begin), phase("during kill", report.During, begin, healed),
		phase("recovery kill", report.Recovering, healed, end)},
		Silences: []report.Silence{{Direction: report.Produce, From: (begin + 1) * time.Second, To: (begin + 9) * time.Second}}}
	var whole []report.Window
	for i := range end {
		w := report.Window{Start: time.Duration(i) * time.Second, Phase: h.Phases[0].Name, Due: 100, Acknowledged: 100, Delivered: 100, Backlog: uint64(i % 7)}
		ack := time.Duration(2+i%3) * time.Millisecond
		switch {
		case i >= begin && i < begin+9:
			w.Acknowledged, w.Delivered, w.Backlog = 0, 0, 0
		case i >= begin+9 && i < begin+20:
			w.Acknowledged, ack, w.Backlog = 70, time.Second, 900
		case i >= begin+20 && i < healed+30:
			w.Backlog = 500
		}
		if i >= begin {
			w.Phase = h.Phases[1].Name
		}
		if i >= healed {
			w.Phase = h.Phases[2].Name
		}
		if w.Acknowledged > 0 {
			w.Latency.Ack = report.Histogram{Max: ack, Buckets: []report.Bucket{{Value: ack, Count: w.Acknowledged}}}
		}
		whole = append(whole, w)
	}
	thinned := report.Thin(append([]report.Window{}, whole...))
	if len(thinned) > report.MostWindows {
		t.Fatalf("%d windows", len(thinned))
	}
	want, got := Analyse(h, []report.Fault{fault}, whole, nil, time.Hour), Analyse(h, []report.Fault{fault}, thinned, nil, time.Hour)
	if r := want[0]; !r.Performance.Known || r.Brownout.Value < 10*time.Second || r.Drained.Value != 31*time.Second || r.OutageArea < 100 {
		t.Errorf("the whole run: %+v", r)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Five seconds may be fewer windows, and a window's figures are told by the second.
func TestFiveSecondsOfLongWindows(t *testing.T) {
	of := func(spans ...time.Duration) (all []report.Window) {
		var at time.Duration
		for _, s := range spans {
			all = append(all, report.Window{Start: at, Lasts: s * time.Second})
			at += s * time.Second
		}
		return all
	}
	for want, windows := range map[int][]report.Window{1: of(8, 8), 3: of(1, 2, 2, 1), 2: of(2, 4), 0: of(2, 2)} {
		if got := len(stretchFrom(windows)); got != want {
			t.Errorf("%d windows, want %d", got, want)
		}
	}
	b := Backlog([]report.Window{{Start: 0, Lasts: 4 * time.Second, Due: 400, Backlog: 300}, {Start: 4 * time.Second, Lasts: 4 * time.Second, Due: 400, Backlog: 90}}, 0)
	if b.Drained != report.KnownFigure(8*time.Second) || b.Peak != 300 {
		t.Errorf("%+v", b)
	}
}
