package loadgen

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What an index stands for must be what the library says, over the whole range.
func TestBucketValueIsTheLibrarys(t *testing.T) {
	t.Parallel()
	for v := int64(1); v <= int64(latencyMax/latencyUnit); v += 1 + v/700 {
		h := hdrhistogram.New(1, max(2, v), latencyDigits) // how far it reaches makes no difference to its indexes
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
		want := time.Duration(h.ValueAtQuantile(100)) * latencyUnit
		for i, n := range h.Export().Counts {
			if n > 0 && bucketValue(i) != want {
				t.Fatalf("value %d: index %d stands for %v, the library says %v", v, i, bucketValue(i), want)
			}
		}
		if got := roundUp(time.Duration(v) * latencyUnit); got != want {
			t.Fatalf("value %d is rounded up to %v, the library says %v", v, got, want)
		}
	}
}

func TestLatenciesClampAndCount(t *testing.T) {
	l := newLatencies()
	l.add(-time.Second)
	l.add(time.Hour)
	l.add(time.Millisecond)
	h := l.export()
	if h.Count() != 3 || h.Clamped != 1 || h.Max != time.Hour {
		t.Errorf("count %d, clamped %d, max %v; want 3, 1, 1h", h.Count(), h.Clamped, h.Max)
	}
	l.reset()
	if n := l.export().Count(); n != 0 {
		t.Errorf("%d values after reset", n)
	}
}

// A quantile of merged parts is the quantile of the whole, within the precision.
func TestMergedQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	whole, merged := newLatencies(), newLatencies().export()
	for range 8 {
		part := newLatencies()
		for range 10_000 {
			d := time.Duration(random.ExpFloat64() * float64(5*time.Millisecond))
			part.add(d)
			whole.add(d)
		}
		merged.Merge(part.export())
	}
	all := whole.export()
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999, 1} {
		if merged.Quantile(q) != all.Quantile(q) {
			t.Errorf("q%v: merged %v, whole %v", q, merged.Quantile(q), all.Quantile(q))
		}
	}
}

// A percentile that falls among values of which only a lower bound is known says so.
func TestCensoredQuantiles(t *testing.T) {
	l := newLatencies()
	for range 98 {
		l.add(time.Millisecond)
	}
	l.addCensored(time.Minute)
	l.addCensored(time.Minute)
	h := l.export()
	if q := h.Quantile(0.5); q.AtLeast || q.String() != "1ms" {
		t.Errorf("p50 is %v, want 1ms", q)
	}
	if q := h.Quantile(0.99); !q.AtLeast || q.String() != "> 1m0s" {
		t.Errorf("p99 is %v, want > 1m0s", q)
	}
}

func BenchmarkLatenciesAdd(b *testing.B) {
	l := newLatencies()
	b.ReportAllocs()
	for i := range b.N {
		l.add(time.Duration(i%100_000) * time.Microsecond)
	}
	b.ReportMetric(float64(l.hdr.ByteSize()), "bytes")
}

// A window's histogram has a hundredth's precision; how many values there are, how many of them are censored, and the greatest stay exact.
func TestCoarse(t *testing.T) {
	fine := newLatencies()
	for d := time.Microsecond; d < latencyMax; d += d/3000 + time.Microsecond {
		fine.add(d)
	}
	fine.addCensored(time.Minute)
	h := fine.export()
	c := coarse(h)
	if c.Count() != h.Count() || c.Max != h.Max || len(c.Buckets) > len(h.Buckets)/3 {
		t.Errorf("%d values up to %v in %d buckets; of %d up to %v in %d", c.Count(), c.Max, len(c.Buckets), h.Count(), h.Max, len(h.Buckets))
	}
	if got := c.Quantile(0.999999); !got.AtLeast {
		t.Error("nothing is censored any more")
	}
	for _, q := range []float64{0.01, 0.1, 0.5, 0.9, 0.99, 0.999} {
		exact, got := h.Quantile(q).Value, c.Quantile(q).Value
		if got < exact || float64(got) > 1.01*float64(exact)+float64(time.Microsecond) {
			t.Errorf("the %v quantile is %v, was %v", q, got, exact)
		}
	}
	before := time.Duration(-1)
	for _, b := range c.Buckets {
		if b.Value <= before {
			t.Fatalf("%v behind %v", b.Value, before)
		}
		before = b.Value
	}
}
