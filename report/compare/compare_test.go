package compare

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// made makes runs that have one figure, of these values; below 0: it never came within that time.
func made(id string, values ...float64) (all []Run) {
	for i, v := range values {
		all = append(all, Run{Schema: Schema, ID: fmt.Sprintf("%s%07d", id, i), Scenario: "s", Figures: []Figure{{Name: "recovery.service of kill", Unit: report.UnitDuration, Value: max(v, -v), Beyond: v < 0}}})
	}
	return all
}

var (
	steady = []float64{4, 4.1, 3.9, 4.05, 3.95, 4.2, 3.8, 4.02, 3.98, 4.1, 4, 3.9}
	slower = []float64{5, 5.1, 4.9, 5.2, 5.05, 4.95}
)

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name             string
		base, new, fresh []float64
		outcome          report.Compared
		suspect          bool
		text             string
	}{
		{"the same", steady, steady[:6], nil, report.Same, false, "no change that matters: 4.03s, and 4s before; +25ms (-100ms to +150ms); 6 new against 12"},
		{"slower", steady, slower, nil, report.Unconfirmed, false, "; 2 fresh runs would confirm it"},
		{"slower, and again", steady, slower, slower, report.Worse, false, "worse: 5.03s, and 4s before; +1.02s (+900ms to +1.15s); 6 fresh against 12; fresh runs confirmed it"},
		{"slower, but not again", steady, slower, steady[:6], report.Unclear, false, "; fresh runs did not confirm that it is worse; about "},
		{"faster", slower, []float64{3.9, 4, 3.8, 3.95, 4.05}, nil, report.Better, false, "better: 3.95s, and 5.03s before; -1.1s (-1.25s to -950ms)"},
		{"slower for sure, by too little", steady, []float64{4.3, 4.31, 4.32, 4.33, 4.34, 4.35}, nil, report.Same, false, "+325ms (+240ms to +410ms)"},
		{"it never came", steady, []float64{-30, -30, -30, -30, -30}, nil, report.Unconfirmed, false, "worse, to be confirmed: > 30s, and 4s before; beyond +30s (beyond +30s to beyond +30s); 5 new against 12"},
		{"it came where it never did", []float64{-30, -30, -30, -30, -30, -30}, slower, nil, report.Better, false, "better: 5.03s, and > 30s before; beyond -30s ("},
		{"it never comes", []float64{-30, -30, -30, -30, -30}, []float64{-30, -30, -30, -30, -30}, nil, report.Same, false, "> 30s, and > 30s before; 0 (0 to 0)"},
		{"one, like the others", steady, []float64{4.05}, nil, report.Unclear, false, "cannot tell: 4.05s, and 4s before; more than in 8 of 12; 1 new against 12; about 1 more run would"},
		{"one, slower than all", steady, []float64{6}, nil, report.Unclear, true, "; worse than every earlier run; 2 fresh runs would tell"},
		{"one, slower than all, and fresh ones", steady, []float64{6}, slower, report.Worse, false, "6 fresh against 12; fresh runs confirmed it"},
		{"one, slower than all, and fresh ones that are not", steady, []float64{6}, steady[:6], report.Unclear, false, "fresh runs did not confirm"},
		{"nothing before", nil, slower, nil, report.Unclear, false, "cannot tell: no earlier run has it"},
		{"too little before", steady[:2], slower, nil, report.Unclear, false, "2 earlier runs are too few to know the noise"},
		{"all over the place", []float64{1, 9, 2, 30, 4, 14, 0.5, 22}, []float64{3, 17, 1, 25, 40}, nil, report.Unclear, false, "with this noise not even 40 runs would"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Compare([]Set{{Name: "the runs before", Base: made("b", c.base...), New: made("n", c.new...), Fresh: made("f", c.fresh...)}}, Defaults())
			f := got.Against[0].Figures[0]
			if told := f.Text + "; " + f.Advice; f.Outcome != c.outcome || f.Suspect != c.suspect || !strings.Contains(told, c.text) {
				t.Errorf("%s, suspect %v: %s\nwant %s, %v: %s", f.Outcome, f.Suspect, told, c.outcome, c.suspect, c.text)
			}
			if wanted := Rerun(got.Against[0]) > 0; wanted != (c.suspect || c.outcome == report.Unconfirmed) {
				t.Errorf("a rerun is wanted: %v", wanted)
			}
			if _, err := json.Marshal(got); err != nil { // which knows no infinity
				t.Error(err)
			}
		})
	}
}

// What is worse by itself is not when it is one of many: 6 runs against 12 come to 1 in 9,282, and no further, whatever they show.
func TestCorrectedForAll(t *testing.T) {
	sets := []Set{{Name: "one", Base: made("b", steady...), New: made("n", slower...)}}
	for range 600 {
		sets = append(sets, Set{Name: "other", Base: made("b", steady...), New: made("n", steady[:6]...)})
	}
	alone, all := Compare(sets[:1], Defaults()), Compare(sets, Defaults())
	if alone.Outcome != report.Unconfirmed || all.Outcome == report.Unconfirmed {
		t.Errorf("alone %s, and of %d figures %s", alone.Sentence, all.Figures, all.Sentence)
	}
	f := all.Against[0].Figures[0]
	if !f.Suspect || f.More <= 6 {
		t.Errorf("it is as suspicious as before, and needs more runs than there are: %+v", f)
	}
	if part := Part(all, 1, 2); part.Outcome != report.Same || len(part.Against) != 2 || part.Figures != all.Figures {
		t.Errorf("part: %s, %d sets, %d figures", part.Sentence, len(part.Against), part.Figures)
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	base, news := made("b", steady...), made("n", slower...)
	base[0].NoBaseline = "its verdict is fail"
	base[1].Machine = "a bigger one"
	base[2].Digest = "changed"
	base[3].ID = news[0].ID
	news[1].Barred = "it was touched by hand"
	news[2].NoBaseline = "its verdict is fail" // which is what it is compared for
	c := Compare([]Set{{Base: base, New: news}}, Defaults())
	a := c.Against[0]
	if a.Base != 8 || a.New != 5 || len(a.Notes) != 5 {
		t.Errorf("%d against %d: %q", a.New, a.Base, a.Notes)
	}
	for _, want := range []string{"new run 00010101T000000Z-n0000001: it was touched by hand.", "earlier run 00010101T000000Z-b0000000: its verdict is fail.",
		"the machine is a bigger one, not .", "s itself was changed", "it is one of the new ones"} {
		if !slices.ContainsFunc(a.Notes, func(n string) bool { return strings.HasPrefix(n, "Left out: ") && strings.Contains(n, want) }) {
			t.Errorf("no note says %q: %q", want, a.Notes)
		}
	}
}

func TestAcross(t *testing.T) {
	base, news := made("b", steady...), made("n", slower...)
	for i := range news {
		news[i].Broker = "kafka 4.3"
	}
	base[11].Broker = "kafka 3.9"
	for i := range base[:11] {
		base[i].Broker = "kafka 4.1"
	}
	strict := Compare([]Set{{Base: base, New: news}}, Defaults())
	if strict.Against[0].Base != 0 || strict.Outcome != report.Unclear {
		t.Errorf("compared across brokers: %s", strict.Sentence)
	}
	across := Compare([]Set{{Base: base, New: news, Across: []Aspect{AspectBroker}}}, Defaults())
	if a := across.Against[0]; a.Base != 11 || across.Outcome != report.Unconfirmed || !slices.Contains(a.Notes, "Of the new runs the broker is kafka 4.3, not kafka 4.1, as it was asked for.") {
		t.Errorf("%d: %s: %q", a.Base, across.Sentence, a.Notes)
	}
	other := Compare([]Set{{Base: base, New: news, Across: []Aspect{AspectMachine}}}, Defaults())
	if a := other.Against[0]; a.Base != 0 || !strings.HasPrefix(a.Notes[len(a.Notes)-1], "Left out: all 11 earlier runs: of the new ones the broker is") {
		t.Errorf("%d: %q", a.Base, a.Notes)
	}
}

func TestRateIsBetterWhenItIsHigher(t *testing.T) {
	rates := func(id string, values ...float64) []Run {
		runs := made(id, values...)
		for i := range runs {
			runs[i].Figures[0].Name, runs[i].Figures[0].Unit = "ack.rate during baseline", report.UnitRate
		}
		return runs
	}
	for want, factor := range map[report.Compared]float64{report.Better: 1.5, report.Unconfirmed: 0.7, report.Same: 0.98} {
		var news []float64
		for _, v := range steady[:6] {
			news = append(news, 1000*v*factor)
		}
		var base []float64
		for _, v := range steady {
			base = append(base, 1000*v)
		}
		if c := Compare([]Set{{Base: rates("b", base...), New: rates("n", news...)}}, Defaults()); c.Outcome != want {
			t.Errorf("times %v: %s", factor, c.Against[0].Figures[0].Text)
		}
	}
}

func TestDigest(t *testing.T) {
	const a = "name: a\nabout: |\n  x\n\nseed: 1\nload:\n  rate: 1/s\nfaults:\n- name: f\nexpect:\n- lost == 0\n"
	for _, same := range []string{
		strings.Replace(a, "seed: 1", "seed: 2", 1), strings.Replace(a, "- lost == 0\n", "- lost == 0\n- reordered == 0\n", 1), strings.Replace(a, "  x\n", "  y\n", 1),
		strings.Replace(a, "name: a", "name: b", 1),
	} {
		if digest(a) != digest(same) {
			t.Errorf("another digest for\n%s", same)
		}
	}
	for _, other := range []string{strings.Replace(a, "1/s", "2/s", 1), strings.Replace(a, "- name: f", "- name: g", 1)} {
		if digest(a) == digest(other) {
			t.Errorf("the same digest for\n%s", other)
		}
	}
}

// Where every run was disturbed, that is what is told, and not that there are no runs.
func TestAllDisturbed(t *testing.T) {
	base, news := made("b", steady...), made("n", slower...)
	for _, runs := range [][]Run{base, news} {
		for i := range runs {
			runs[i].Figures[0].Why = disturbedWhy
		}
	}
	c := Compare([]Set{{Base: base, New: news}}, Defaults())
	if a := c.Against[0]; len(a.Figures) != 1 || a.Figures[0].Text != "cannot tell: it is known of no new run: the host was disturbed" || c.Sentence != "cannot tell in 1 of 1 figures" {
		t.Errorf("%s: %+v", c.Sentence, a.Figures)
	}
	for _, runs := range [][]Run{base, news} {
		for i := range runs {
			runs[i].Figures[0].Why = "nobody looked"
		}
	}
	if c := Compare([]Set{{Base: base, New: news}}, Defaults()); c.Sentence != "cannot tell: of these runs no figure is known" {
		t.Error(c.Sentence)
	}
}
