package formats

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/seed-228c25e4/squall/report"
)

// HdrLog writes the latencies of every window, a second or a few of them, in HdrHistogram's log format, in nanoseconds: one interval for each histogram, tagged with what it is
// and the phase, as in "ack:baseline". Values of which only a lower bound is known stand at that bound: the format has no word for them.
func HdrLog(w io.Writer, r *report.Report) error {
	log := hdrhistogram.NewHistogramLogWriter(w)
	start := r.UTC(0).UnixMilli()
	log.SetBaseTime(start)
	for _, write := range []func() error{
		func() error { return log.OutputComment("[Logged with squall: " + r.Run.Scenario + "]") },
		log.OutputLogFormatVersion,
		func() error { return log.OutputStartTime(start) },
		func() error { return log.OutputBaseTime(start) },
		log.OutputLegend,
	} {
		if err := write(); err != nil {
			return err
		}
	}
	for i := range r.Windows {
		if err := hdrWindow(log, start, &r.Windows[i]); err != nil {
			return err
		}
	}
	return nil
}

func hdrWindow(log *hdrhistogram.HistogramLogWriter, start int64, w *report.Window) error {
	for _, kind := range []struct {
		name string
		h    *report.Histogram
	}{{"ack", &w.Latency.Ack}, {"e2e", &w.Latency.E2E}, {"service", &w.Latency.Service}, {"lag", &w.Latency.Lag}} {
		if len(kind.h.Buckets) == 0 {
			continue
		}
		h, err := dense(kind.h)
		if err != nil {
			return err
		}
		h.SetTag(kind.name + ":" + strings.NewReplacer(" ", "_", ",", "_").Replace(w.Phase))
		h.SetStartTimeMs(start + w.Start.Milliseconds())
		h.SetEndTimeMs(start + w.End().Milliseconds())
		if err := log.OutputIntervalHistogram(h); err != nil {
			return err
		}
	}
	return nil
}

// HdrPercentiles writes the percentiles of all judged phases together, from due to acknowledged in milliseconds, as HdrHistogram's plotter reads them.
func HdrPercentiles(w io.Writer, r *report.Report) error {
	all := r.LatencyDuring("", func(l *report.Latency) *report.Histogram { return &l.Ack })
	h, err := dense(&all)
	if err != nil {
		return err
	}
	const ticksPerHalf = 5 // as HdrHistogram's own tools do
	_, err = h.PercentilesPrint(w, ticksPerHalf, float64(time.Millisecond))
	return err
}

// dense returns the library's histogram of a report's, in nanoseconds.
func dense(h *report.Histogram) (*hdrhistogram.Histogram, error) {
	d := hdrhistogram.New(1, int64(max(h.Max, time.Second))*2, 3)
	for _, b := range h.Buckets {
		if err := d.RecordValues(int64(b.Value), int64(b.Count)); err != nil {
			return nil, fmt.Errorf("histogram: %w", err)
		}
	}
	return d, nil
}
