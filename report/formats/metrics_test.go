package formats_test

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

func metricsOf(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := formats.Metrics(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// parse reads metrics with Prometheus' own parser. It knows the older text format: counters have their whole name where the type is told, and there are
// no infos and state sets, which are gauges by their values; the rest is the same.
func parse(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	body, ended := strings.CutSuffix(text, "# EOF\n")
	if !ended {
		t.Errorf("it does not end with # EOF: %q", text[max(0, len(text)-40):])
	}
	body = regexp.MustCompile(`(?m)^# (TYPE|HELP) (\S+) (counter)$`).ReplaceAllString(body, "# $1 ${2}_total $3")
	body = regexp.MustCompile(`(?m)^# TYPE (\S+) info$`).ReplaceAllString(body, "# TYPE ${1}_info gauge")
	body = regexp.MustCompile(`(?m)^(# TYPE \S+) stateset$`).ReplaceAllString(body, "$1 gauge")
	body = regexp.MustCompile(`(?m)^# (HELP|UNIT) .*\n`).ReplaceAllString(body, "")
	p := expfmt.NewTextParser(model.LegacyValidation)
	all, err := p.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return all
}

// value returns the value of the sample that has all these labels.
func value(t *testing.T, of *dto.MetricFamily, want ...string) float64 {
	t.Helper()
	for _, m := range of.GetMetric() {
		var has []string
		for _, l := range m.GetLabel() {
			has = append(has, l.GetName(), l.GetValue())
		}
		all := true
		for i := 0; i < len(want); i += 2 {
			at := slices.Index(has, want[i])
			all = all && at >= 0 && has[at+1] == want[i+1]
		}
		if all {
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	t.Errorf("%s has no sample with %q", of.GetName(), want)
	return math.NaN()
}

func TestMetrics(t *testing.T) {
	r := formats.Failing()
	r.Run.Version, r.Run.ID = "v1", "8f3a61c2"
	r.Recovery[0].Parts = []report.Part{{Name: report.Detection, Took: 9 * time.Second}}
	text := metricsOf(t, r)
	golden(t, filepath.Join("testdata", "metrics.golden"), text)
	all := parse(t, text)
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"squall_run_info", []string{"scenario", "leader-kill", "seed", "42", "version", "v1"}, 1},
		{"squall_verdict", []string{"squall_verdict", "fail"}, 1},
		{"squall_verdict", []string{"squall_verdict", "pass"}, 0},
		{"squall_exit_code", nil, 11},
		{"squall_messages_acknowledged_total", nil, 29_000},
		{"squall_safety_messages", []string{"kind", "lost"}, 7},
		{"squall_safety_violations", []string{"rule", "lost"}, 7},
		{"squall_transactions_total", []string{"outcome", "torn"}, 2},
		{"squall_expectation", []string{"expectation", "lost == 0", "squall_expectation", "fail"}, 1},
		{"squall_recovery_seconds", []string{"fault", "death", "part", "detect"}, 9},
		{"squall_recovery_at_least_seconds", []string{"fault", "death", "part", "service"}, 32},
		{"squall_outage_seconds", []string{"fault", "death", "part", "detection"}, 9},
	} {
		if got := value(t, all[c.name], c.labels...); got != c.want {
			t.Errorf("%s%q is %v, want %v", c.name, c.labels, got, c.want)
		}
	}
	for _, m := range all["squall_recovery_seconds"].GetMetric() {
		if part := m.GetLabel()[1].GetValue(); part == "service" || part == "performance" {
			t.Errorf("%s is told, and nobody knows it", part)
		}
	}
}

// A histogram has what the report's has, at its place; what is only known to be at least something is above every bucket.
func TestMetricsHistograms(t *testing.T) {
	all := parse(t, metricsOf(t, formats.Failing()))
	for _, m := range all["squall_ack_latency_seconds"].GetMetric() {
		phase, h := m.GetLabel()[0].GetValue(), m.GetHistogram()
		at := map[float64]uint64{}
		var before uint64
		for _, b := range h.GetBucket() {
			if at[b.GetUpperBound()] = b.GetCumulativeCount(); b.GetCumulativeCount() < before {
				t.Errorf("%s: fewer below %v than before it", phase, b.GetUpperBound())
			}
			before = b.GetCumulativeCount()
		}
		want := map[float64]uint64{0.0025: 0, 0.005: 9_000, 0.01: 9_000, 0.025: 9_980, 0.05: 10_000, 60: 10_000, math.Inf(1): 10_000}
		if phase == "during death" { // 900 of which only 60s are known
			want = map[float64]uint64{0.0025: 0, 0.005: 9_000, 2.5: 9_000, 5: 9_980, 10: 10_000, 60: 10_000, math.Inf(1): 10_900}
		}
		for le, n := range want {
			if got, ok := at[le]; got != n || !ok {
				t.Errorf("%s: %d up to %v, want %d", phase, got, le, n)
			}
		}
		if h.GetSampleCount() != want[math.Inf(1)] {
			t.Errorf("%s: %d in all", phase, h.GetSampleCount())
		}
	}
	if n := len(all["squall_ack_latency_seconds"].GetMetric()); n != 3 {
		t.Errorf("%d phases, want 3: in heal nothing happened", n)
	}
}

// Whatever is in a report, what is written can be read; and nothing is told twice.
func TestMetricsHostile(t *testing.T) {
	r := formats.Repeated()
	r.Phases, r.Faults, r.Expectations = append(r.Phases, r.Phases...), append(r.Faults, r.Faults...), append(r.Expectations, r.Expectations...)
	for name, r := range map[string]*report.Report{"hostile": formats.Spoilt(), "twice": r, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			text := metricsOf(t, r)
			all := parse(t, text)
			for _, f := range all {
				seen := map[string]bool{}
				for _, m := range f.GetMetric() {
					key := ""
					for _, l := range m.GetLabel() {
						key += l.String()
					}
					if seen[key] {
						t.Errorf("%s%s twice", f.GetName(), key)
					}
					seen[key] = true
				}
			}
			if strings.Contains(text, "\x1b") || strings.Count(text, "# EOF") != 1 {
				t.Errorf("%q", text)
			}
		})
	}
}

// Every metric is in the documentation, and there is none that is not.
func TestMetricsDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "## `metrics.txt`")
	if !found {
		t.Fatal("docs/metrics.md says nothing of metrics.txt")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(squall_\\w+)`").FindAllStringSubmatch(section, -1) {
		documented = append(documented, m[1])
	}
	if want := formats.Families(); !slices.Equal(documented, want) {
		t.Errorf("documented are\n%q\nand there are\n%q", documented, want)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as in %s; -update writes it anew:\n%s", file, got)
	}
}
