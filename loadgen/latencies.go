package loadgen

import (
	"math/bits"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/seed-228c25e4/squall/report"
)

// The range and precision of every latency: three significant digits from 1 µs to 10 min take 168 KiB.
const (
	latencyUnit   = time.Microsecond
	latencyMax    = 10 * time.Minute
	latencyDigits = 3
)

// latencies records durations, and those of which only a lower bound is known apart.
type latencies struct {
	hdr      *hdrhistogram.Histogram
	max      time.Duration
	clamped  uint64
	censored []time.Duration
}

func newLatencies() *latencies {
	return &latencies{hdr: hdrhistogram.New(1, int64(latencyMax/latencyUnit), latencyDigits)}
}

// add records d; what is out of range is counted at the range's end.
func (l *latencies) add(d time.Duration) {
	if d > l.max {
		l.max = d
	}
	v := int64(d / latencyUnit)
	if v < 1 {
		v = 1 // the smallest value that is told apart
	}
	if l.hdr.RecordValue(v) != nil {
		l.clamped++
		_ = l.hdr.RecordValue(int64(latencyMax / latencyUnit))
	}
}

// addCensored records that a duration is at least d.
func (l *latencies) addCensored(d time.Duration) { l.censored = append(l.censored, d) }

func (l *latencies) reset() {
	l.hdr.Reset()
	l.max, l.clamped, l.censored = 0, 0, l.censored[:0]
}

// export returns what was recorded, sparse.
func (l *latencies) export() report.Histogram {
	h := report.Histogram{Max: l.max, Clamped: l.clamped}
	if l.hdr.TotalCount() > 0 {
		for i, n := range l.hdr.Export().Counts {
			if n > 0 {
				h.Buckets = append(h.Buckets, report.Bucket{Value: bucketValue(i), Count: uint64(n)})
			}
		}
	}
	for _, d := range l.censored {
		h.AddCensored(roundUp(d), 1)
		h.Max = max(h.Max, d)
	}
	return h
}

// subBuckets is how many values of one power of two are told apart with three digits: the next power of two above 2 * 10^3.
const (
	subBuckets    = 2048
	subBucketBits = 11
)

// bucketValue returns the highest value that an index of HdrHistogram's counts stands for. The first subBuckets counts are one unit wide each;
// after them every half of subBuckets is twice as wide as the one before (the layout of every HdrHistogram, with a lowest value of 1).
func bucketValue(i int) time.Duration {
	if i < subBuckets {
		return time.Duration(i) * latencyUnit
	}
	shift := i/(subBuckets/2) - 1
	sub := i - shift*(subBuckets/2)
	return time.Duration((int64(sub)+1)<<shift-1) * latencyUnit
}

// roundUp returns the highest value that is told as one with d.
func roundUp(d time.Duration) time.Duration {
	return highest(min(max(d, 0), latencyMax), subBucketBits)
}

// highest returns the highest value that is told as one with d where so many bits of a value count.
func highest(d time.Duration, bitsThatCount int) time.Duration {
	v := int64(d / latencyUnit)
	shift := max(0, bits.Len64(uint64(v))-bitsThatCount)
	return time.Duration((v>>shift+1)<<shift-1) * latencyUnit
}

// windowBits are the bits of a value that count in a window: two significant digits, as HdrHistogram has them. A run keeps the histograms of every
// second for its report, and those of phases, which it is judged by, with all digits.
const windowBits = 8

// coarse returns h with the precision of a window. Counts and the maximum stay exact.
func coarse(h report.Histogram) report.Histogram {
	buckets := make([]report.Bucket, 0, len(h.Buckets)/4)
	for _, b := range h.Buckets {
		b.Value = highest(b.Value, windowBits)
		if n := len(buckets); n > 0 && buckets[n-1].Value == b.Value {
			buckets[n-1].Count += b.Count
			buckets[n-1].Censored += b.Censored
			continue
		}
		buckets = append(buckets, b)
	}
	h.Buckets = slices.Clip(buckets)
	return h
}
