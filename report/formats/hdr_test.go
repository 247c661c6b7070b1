package formats_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// twoSeconds is a report with one second of baseline and one of a fault.
func twoSeconds() *report.Report {
	h := func(d time.Duration, n uint64) report.Histogram {
		return report.Histogram{Buckets: []report.Bucket{{Value: d, Count: n}}, Max: d}
	}
	return &report.Report{
		Run:     report.Run{Scenario: "two", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		History: report.History{Phases: []report.Phase{{Name: "prepare", From: time.Second}}},
		Windows: []report.Window{
			{Start: 2 * time.Second, Phase: "baseline", Latency: report.Latency{Ack: h(5*time.Millisecond, 100), E2E: h(7*time.Millisecond, 100)}},
			{Start: 3 * time.Second, Phase: "during kill", Latency: report.Latency{Ack: h(4*time.Second, 30)}},
		},
		Phases: []report.PhaseFigures{
			{Phase: report.Phase{Name: "baseline", Kind: report.Baseline}, Latency: report.Latency{Ack: h(5*time.Millisecond, 100)}},
			{Phase: report.Phase{Name: "during kill", Kind: report.During}, Latency: report.Latency{Ack: h(4*time.Second, 30)}},
		},
	}
}

// What is logged is what HdrHistogram's own reader finds: tags, seconds, counts and values.
func TestHdrLogIsReadBack(t *testing.T) {
	var file bytes.Buffer
	if err := formats.HdrLog(&file, twoSeconds()); err != nil {
		t.Fatal(err)
	}
	reader := hdrhistogram.NewHistogramLogReader(&file)
	want := []struct {
		tag   string
		count int64
		value time.Duration
	}{{"ack:baseline", 100, 5 * time.Millisecond}, {"e2e:baseline", 100, 7 * time.Millisecond}, {"ack:during_kill", 30, 4 * time.Second}}
	for _, w := range want {
		h, err := reader.NextIntervalHistogram()
		if err != nil || h == nil {
			t.Fatalf("%s: %v, %v", w.tag, h, err)
		}
		if h.Tag() != w.tag || h.TotalCount() != w.count || !h.ValuesAreEquivalent(h.ValueAtQuantile(50), int64(w.value)) {
			t.Errorf("read %s, %d values of %v; want %+v", h.Tag(), h.TotalCount(), time.Duration(h.ValueAtQuantile(50)), w)
		}
	}
	if h, _ := reader.NextIntervalHistogram(); h != nil {
		t.Errorf("one more: %s", h.Tag())
	}
}

func TestHdrPercentiles(t *testing.T) {
	var file bytes.Buffer
	if err := formats.HdrPercentiles(&file, twoSeconds()); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"Percentile", "5.0", "4001", "130"} {
		if !strings.Contains(file.String(), part) {
			t.Errorf("%q is not in\n%s", part, file.String())
		}
	}
	if err := formats.HdrPercentiles(&bytes.Buffer{}, &report.Report{}); err != nil {
		t.Errorf("a report without latencies: %v", err)
	}
}
