package prom

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/seed-228c25e4/squall/report"
)

// latencies are the histograms, each by the kind of the phase in which it was told.
var latencies = []struct {
	name string
	desc *prometheus.Desc
	of   func(*report.Latency) report.Histogram
}{
	{"ack", describe("ack_latency_seconds", "From when a message was due to its acknowledgement.", "kind"), func(l *report.Latency) report.Histogram { return l.Ack }},
	{"e2e", describe("end_to_end_latency_seconds", "From when a message was due to its delivery.", "kind"), func(l *report.Latency) report.Histogram { return l.E2E }},
	{"service", describe("service_time_seconds", "From when a client took a message to its acknowledgement.", "kind"), func(l *report.Latency) report.Histogram { return l.Service }},
	{"lag", describe("schedule_lag_seconds", "From when a message was due to when a client took it.", "kind"), func(l *report.Latency) report.Histogram { return l.Lag }},
}

func (k *known) collectLatencies(s sink) {
	for phase, of := range k.latencies {
		for _, l := range latencies {
			h := l.of(of)
			s.to <- k.histogram(l.desc, h, string(phase))
			var open uint64
			for _, b := range h.Buckets {
				open += b.Censored
			}
			s.counter(descAtLeast, open, l.name, string(phase))
		}
	}
}

// bounds are the classic buckets' upper ends, in seconds: from what a good schedule keeps to what an outage takes.
var bounds = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60}

// schema makes native buckets grow by 2^(1/8), 9 %: what the windows' histograms keep is finer, and a power of two is cut in the same eight everywhere.
const schema = 3

// histogram returns a metric that scrapers of either kind of histogram understand. What is known only to be at least some value is in the classic bucket
// +Inf alone, as in metrics.txt; native histograms have none, so there it counts as that value.
func (k *known) histogram(d *prometheus.Desc, h report.Histogram, label string) prometheus.Metric {
	classic, native := map[float64]uint64{}, map[int]int64{}
	var count, zero, known uint64
	var sum float64
	next := 0
	for _, b := range h.Buckets { // ascending
		v := b.Value.Seconds()
		for ; next < len(bounds) && bounds[next] < v; next++ {
			classic[bounds[next]] = known
		}
		count += b.Count
		known += b.Count - b.Censored
		sum += v * float64(b.Count)
		if b.Value <= 0 {
			zero += b.Count
		} else {
			native[nativeBucket(b.Value)] += int64(b.Count)
		}
	}
	for ; next < len(bounds); next++ {
		classic[bounds[next]] = known
	}
	n, err := prometheus.NewConstNativeHistogram(d, count, sum, native, nil, zero, schema, 0, k.began, label)
	if err != nil {
		return prometheus.NewInvalidMetric(d, err)
	}
	return both{n, prometheus.MustNewConstHistogram(d, count, sum, classic, label)}
}

// nativeBucket returns the index of the native bucket that holds a duration above 0: bucket i reaches from 2^((i-1)/8) to 2^(i/8) seconds, its upper end
// included. Source: Prometheus, "Native histograms", standard exponential schemas.
func nativeBucket(v time.Duration) int { return int(math.Ceil(math.Log2(v.Seconds()) * (1 << schema))) }

// both is a histogram with native buckets and classic ones.
type both struct{ native, classic prometheus.Metric }

func (b both) Desc() *prometheus.Desc { return b.native.Desc() }

func (b both) Write(out *dto.Metric) error {
	var c dto.Metric
	if err := b.classic.Write(&c); err != nil {
		return err
	}
	if err := b.native.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = c.Histogram.Bucket
	return nil
}
