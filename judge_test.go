package squall_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
)

// beforeWatch is a report from before it was kept how long recoveries are watched and what the scenario's faults are called.
const beforeWatch = "testdata/report-before-watch.json.gz"

func unzip(t testing.TB, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// copied returns a report as it comes back from its file.
func copied(t testing.TB, r *report.Report) *report.Report {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	back := new(report.Report)
	if err := json.Unmarshal(data, back); err != nil {
		t.Fatal(err)
	}
	return back
}

// rejudged returns a copy of the report that was judged again, of which nothing was left that judging finds.
func rejudged(t testing.TB, r *report.Report, others ...string) *report.Report {
	t.Helper()
	again := copied(t, r)
	again.Verdict, again.Validity, again.Expectations = report.Verdict{}, nil, nil
	if again.Run.Watch > 0 && again.Run.CutOff == "" {
		again.Recovery, again.Series = nil, nil
	}
	if err := squall.Judge(again, others...); err != nil {
		t.Fatal(err)
	}
	return again
}

// same tells what of a report is another than it was; all of it is to be what it was.
func same(t testing.TB, was, is *report.Report) {
	t.Helper()
	before, after := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for to, r := range map[*map[string]json.RawMessage]*report.Report{&before: was, &after: is} {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range before {
		if !bytes.Equal(value, after[name]) {
			t.Errorf("%s was\n%s\nand is\n%s", name, value, after[name])
		}
	}
}

// Whatever a run came to, its report comes to the same, and to something else by other expectations.
func TestJudgedAgain(t *testing.T) {
	t.Parallel()
	const death = "faults: [ { name: death, at: 0s, for: 2s, kill: leader } ]\n"
	var dropped atomic.Int64
	for _, c := range []struct {
		name, text string
		meddle     func(*embedded.Cluster)
		want       report.ExitCode
		others     []string
		then       report.ExitCode
	}{
		{"pass", quietly + death + "expect: [ lost == 0, recovery.service < 1m of death (warn), ack.p99 < 9s during recovery death (warn) ]\n", nil, report.ExitPass,
			[]string{"unknown == 0 (warn)", "delivery.rate <= 1/s", "duplicates == 0"}, report.ExitMissed},
		{"repeated, and a backlog", strings.Replace(quietly, "group: billing", "group: billing, start: 1s", 1) +
			"faults: [ { name: slow, at: 0s, for: 1s, latency: { add: 20ms }, link: producers -> all, repeat: 2 } ]\nexpect: [ lost == 0 ]\n", nil, report.ExitPass,
			[]string{"duplicates >= 1"}, report.ExitSafety},
		{"lost", quiet + expectSafe, func(c *embedded.Cluster) { liar(c, 2500*time.Millisecond, &dropped) }, report.ExitSafety, []string{"corrupt == 0"}, report.ExitPass},
		{"as stated", quiet + "verdict: fail(ack.rate)\nexpect: [ ack.rate <= 1/s, lost == 0 ]\n", nil, report.ExitPass, []string{"lost == 0"}, report.ExitPass},
		{"missed", quietly + "expect: [ ack.rate <= 1/s ]\n", nil, report.ExitMissed, []string{"lost == 0"}, report.ExitPass},
		{"inconclusive", strings.Replace(quietly, "600/s", "30/s", 1) + death + "expect: [ lost == 0, recovery.service < 9s of death ]\n", nil, report.ExitInconclusive,
			[]string{"lost == 0"}, report.ExitPass},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, _, _ := play(t, t.Context(), c.text, c.meddle)
			is := func(r *report.Report, want report.ExitCode) bool { // speed cannot be judged on a disturbed machine
				return r.Verdict.ExitCode == want || r.Verdict.ExitCode == report.ExitInconclusive && len(generatorFindings(r)) > 0
			}
			if !is(r, c.want) {
				t.Errorf("exit code %d, want %d: %s", r.Verdict.ExitCode, c.want, r.Verdict.Sentence)
			}
			if len(r.Faults) > 0 && len(r.Recovery) == 0 || c.name == "repeated, and a backlog" && (len(r.Series) != 1 || r.Backlog == nil) {
				t.Errorf("nothing was computed of %d faults", len(r.Faults))
			}
			same(t, r, rejudged(t, r))
			other := rejudged(t, r, c.others...)
			if !is(other, c.then) || len(other.Expectations) != len(c.others) || !slices.Equal(other.Run.Objective, c.others) || other.Run.Stated != "" {
				t.Errorf("by others: exit code %d, want %d: %s\n%+v", other.Verdict.ExitCode, c.then, other.Verdict.Sentence, other.Expectations)
			}
			if told := strings.Join(other.Findings, " "); !strings.Contains(told, "not the run's own") || strings.Contains(told, "states") != (r.Run.Stated != "") {
				t.Errorf("findings: %s", told)
			}
		})
	}
}

// What squall was ended before comes to is in its events, as far as it came.
func TestJudgedFromItsEvents(t *testing.T) {
	t.Parallel()
	r, seen, _ := play(t, t.Context(), quietly+
		"verdict: inconclusive\nfaults: [ { name: death, at: 0s, for: 2s, kill: leader }, { name: slow, at: 9s, for: 1s, latency: { add: 10ms }, link: producers -> b1 } ]\n"+
		"expect: [ lost == 0, recovery.service < 1m of slow ]\n", nil)
	var partial report.Rebuilder
	for _, e := range seen.all {
		if err := partial.Add(e); err != nil {
			t.Fatal(err)
		}
		again, ok := partial.Report()
		if !ok {
			t.Fatal("the first event is not enough")
		}
		if err := squall.Judge(again); err != nil {
			t.Fatalf("%s: %v", e.Text, err)
		}
		if v := again.Verdict; v.Outcome != report.Inconclusive || v.ExitCode != report.ExitInconclusive || !strings.Contains(v.Sentence, again.Run.CutOff) {
			t.Fatalf("after %s %q: %s", e.Type, e.Text, v.Sentence)
		}
	}
	whole, _ := partial.Report()
	checkTimesOfDay(t, whole, seen.all)
	if whole.Safety.Verified != r.Safety.Verified || len(whole.Faults) != 2 || len(whole.Windows) < len(r.Windows)-1 ||
		!strings.Contains(whole.Run.CutOff, strings.TrimSuffix(r.Verdict.Sentence, ".")) {
		t.Errorf("%d verified, %d faults, %d of %d windows; %s", whole.Safety.Verified, len(whole.Faults), len(whole.Windows), len(r.Windows), whole.Run.CutOff)
	}
}

func TestExpectationsThatCannotBeJudged(t *testing.T) {
	t.Parallel()
	var r report.Report
	if err := json.Unmarshal(unzip(t, beforeWatch), &r); err != nil {
		t.Fatal(err)
	}
	was := copied(t, &r)
	err := squall.Judge(&r, "los == 0", "recovery.service < 15s of deth", "reordered == 0")
	for _, want := range []string{`expectation "los == 0": there is no metric "los", did you mean "lost"?`, `"recovery.service < 15s of deth": there is no fault named "deth", did you mean "death"?`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	same(t, was, &r)
}

func TestReportOfAnEarlierSquall(t *testing.T) {
	t.Parallel()
	var r report.Report
	if err := json.Unmarshal(unzip(t, beforeWatch), &r); err != nil {
		t.Fatal(err)
	}
	if r.Verdict.Outcome != report.Pass || !r.Recovery[0].Service.Known {
		t.Fatalf("%+v", r.Verdict)
	}
	same(t, &r, rejudged(t, &r))
	other := rejudged(t, &r, "recovery.service > 1m of death", "ack.p99 < 1ms during recovery death")
	if other.Verdict.ExitCode != report.ExitMissed || other.Expectations[0].Outcome != report.Fail {
		t.Errorf("%s: %+v", other.Verdict.Sentence, other.Expectations)
	}
}

// small returns the report in a few kilobytes.
func small(t testing.TB) []byte {
	var r report.Report
	if err := json.Unmarshal(unzip(t, beforeWatch), &r); err != nil {
		t.Fatal(err)
	}
	r.Run.Watch, r.Run.FaultNames, r.Run.Effective = 3*time.Second, []string{"death"}, ""
	cut := func(h *report.Histogram) { h.Buckets = h.Buckets[:min(len(h.Buckets), 4)] }
	for i := range r.Windows {
		for _, h := range []*report.Histogram{&r.Windows[i].Latency.Ack, &r.Windows[i].Latency.E2E, &r.Windows[i].Latency.Service, &r.Windows[i].Latency.Lag} {
			cut(h)
		}
	}
	for i := range r.Phases {
		for _, h := range []*report.Histogram{&r.Phases[i].Latency.Ack, &r.Phases[i].Latency.E2E, &r.Phases[i].Latency.Service, &r.Phases[i].Latency.Lag} {
			cut(h)
		}
	}
	for d, h := range r.History.Spacing {
		cut(&h)
		r.History.Spacing[d] = h
	}
	data, err := json.Marshal(&r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A report in which something else stands than squall wrote is judged, or is an error; whoever reads it is not brought down.
func FuzzJudge(f *testing.F) {
	whole := small(f)
	f.Add(whole)
	for i, c := range whole {
		if i%211 != 0 {
			continue
		}
		for _, other := range []byte{'9', '-', c ^ 1} {
			spoilt := bytes.Clone(whole)
			spoilt[i] = other
			f.Add(spoilt)
		}
		f.Add(whole[:i])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, others := range [][]string{nil, {"lost == 0", "recovery.service < 9s", "ack.p99 < 300% of baseline during death", "ack.rate.min > 3/s during recovery"}} {
			r := new(report.Report)
			if json.Unmarshal(data, r) != nil || squall.Judge(r, others...) != nil {
				continue
			}
			if !slices.Contains([]report.Outcome{report.Pass, report.Fail, report.Inconclusive}, r.Verdict.Outcome) {
				t.Errorf("the verdict is %q", r.Verdict.Outcome)
			}
		}
	})
}
