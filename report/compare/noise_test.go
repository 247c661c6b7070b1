package compare

import (
	"bufio"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
)

// recorded reads runs that were recorded: 30 of the embedded quickstart on a machine of two cores that others used as well, and ten of them with 50 ms more on its
// slow network.
func recorded(t *testing.T, side string) (all []Run) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "quickstart-"+side+".ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r Run
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// resample draws runs of a scenario from recorded ones. Every figure is spread further by noise with a heavy tail: one value in 20 is up to several times as long.
func resample(rng *rand.Rand, from []Run, scenario string, n int, slower func(figure string) float64) (all []Run) {
	for i := range n {
		r := from[rng.IntN(len(from))]
		r.ID, r.Scenario, r.Figures = strings.Repeat(string(rune('a'+i%26)), 8), scenario, append([]Figure(nil), r.Figures...)
		r.ID += scenario + side(rng)
		for j := range r.Figures {
			f := &r.Figures[j]
			spread := math.Exp(0.05 * rng.NormFloat64())
			if rng.Float64() < 0.05 {
				spread *= math.Pow(rng.Float64(), -0.7) // Pareto: 5 % of these are over 8 times as long
			}
			if f.Unit == report.UnitRate {
				spread = 1 / spread
			}
			f.Value *= spread * slower(f.Name)
		}
		all = append(all, r)
	}
	return all
}

func side(rng *rand.Rand) string {
	return string(rune('A'+rng.IntN(26))) + string(rune('A'+rng.IntN(26))) + string(rune('A'+rng.IntN(26)))
}

func unchanged(string) float64 { return 1 }

// suiteOf compares a suite of ten scenarios, each with 8 runs against 20, and makes eight fresh ones of what looks worse.
func suiteOf(rng *rand.Rand, from []Run, slower func(string) float64) (first, confirmed *report.Comparison) {
	var sets []Set
	for s := range 10 {
		name := string(rune('a' + s))
		sets = append(sets, Set{Name: "the last 20 runs", Base: resample(rng, from, name, 20, unchanged), New: resample(rng, from, name, 8, slower)})
	}
	first = Compare(sets, Defaults())
	for i, a := range first.Against {
		if Rerun(a) > 0 {
			sets[i].Fresh = resample(rng, from, sets[i].New[0].Scenario, 8, slower)
		}
	}
	return first, Compare(sets, Defaults())
}

func tally(c *report.Comparison) map[report.Compared]int {
	n := map[report.Compared]int{}
	for _, a := range c.Against {
		for _, f := range a.Figures {
			n[f.Outcome]++
		}
	}
	return n
}

// Thirty suites of one and the same build, of some 100 figures each that vary, raise at most one false alarm; and that detection takes half as long again is seen by nearly all.
func TestThirtySuites(t *testing.T) {
	t.Parallel()
	from := recorded(t, "base")
	rng := rand.New(rand.NewPCG(30, 1))
	alarms, unconfirmed, figures := 0, 0, 0
	for range 30 {
		first, confirmed := suiteOf(rng, from, unchanged)
		figures += first.Figures
		if tally(first)[report.Unconfirmed] > 0 {
			unconfirmed++
		}
		if n := tally(confirmed)[report.Worse]; n > 0 {
			alarms++
			t.Logf("falsely worse: %s", confirmed.Sentence)
		}
	}
	t.Logf("30 suites of the same build, %d figures in all: %d looked worse at first, %d did in fresh runs too", figures, unconfirmed, alarms)
	if alarms > 1 {
		t.Errorf("%d of 30 suites were called worse, though nothing had changed", alarms)
	}
	const slower = 15
	seen := 0
	for range slower {
		_, confirmed := suiteOf(rng, from, func(name string) float64 {
			if strings.HasPrefix(name, "recovery.detect of leader-kill") {
				return 1.5
			}
			return 1
		})
		if tally(confirmed)[report.Worse] >= 5 { // of ten scenarios
			seen++
		}
	}
	t.Logf("%d suites in which detection takes half as long again: %d saw it in at least 5 of 10 scenarios", slower, seen)
	if seen < slower-1 {
		t.Errorf("only %d of %d suites saw that detection takes half as long again", seen, slower)
	}
}

// Of the recorded runs, three times ten of the same build raise nothing against the others, and with 50 ms more on the slow network each set of fresh runs that
// confirms is called worse, and of nothing else.
func TestRecordedRuns(t *testing.T) {
	base, slow := recorded(t, "base"), recorded(t, "slow")
	for i := range 3 {
		news, rest := base[10*i:10*i+10], slices.Concat(base[:10*i], base[10*i+10:])
		same := Compare([]Set{{Name: "the others", Base: rest, New: news}}, Defaults())
		if n := tally(same); n[report.Worse]+n[report.Unconfirmed]+n[report.Better] > 0 {
			t.Errorf("runs of the same build: %s", same.Sentence)
		}
		across := []Aspect{AspectScenario}
		slower := Compare([]Set{{Name: "the others", Base: rest, New: slow[:5], Fresh: slow[5:], Across: across}}, Defaults())
		if n := tally(slower); n[report.Worse] != 1 || n[report.Unconfirmed]+n[report.Better] > 0 || !strings.HasPrefix(slower.Sentence, "worse: ack.p99 during slow-network; ") {
			t.Errorf("with 50 ms more: %s", slower.Sentence)
		}
		for _, one := range slow { // by itself it is a suspect, where it was not disturbed
			c := Compare([]Set{{Name: "the others", Base: rest, New: []Run{one}, Across: across}}, Defaults())
			for _, f := range c.Against[0].Figures {
				if f.NNew > 0 && f.Suspect != (f.Figure == "ack.p99 during slow-network") {
					t.Errorf("one run with 50 ms more: %s: %s; %s", f.Figure, f.Text, f.Advice)
				}
			}
		}
	}
}
