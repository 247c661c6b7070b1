package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Bucket counts values that are equal at the histogram's precision.
type Bucket struct {
	Value    time.Duration // the highest value that the bucket stands for
	Count    uint64        // all of them
	Censored uint64        // of these, values known only to be at least Value
}

// A Histogram holds sparse counts of durations, ascending by value. Adding and merging lose nothing beyond the precision that the values came with.
type Histogram struct {
	Buckets []Bucket
	Max     time.Duration // exact
	Clamped uint64        // values that were out of the recorder's range, and counted at its end
}

// Count is the number of values.
func (h Histogram) Count() uint64 {
	var n uint64
	for _, b := range h.Buckets {
		n += b.Count
	}
	return n
}

// Merge adds o's counts to h's.
func (h *Histogram) Merge(o Histogram) {
	h.Max = max(h.Max, o.Max)
	h.Clamped += o.Clamped
	if len(o.Buckets) == 0 {
		return
	}
	if n := len(h.Buckets); n == 0 || h.Buckets[n-1].Value < o.Buckets[0].Value {
		h.Buckets = append(h.Buckets, o.Buckets...)
		return
	}
	merged := make([]Bucket, 0, union(h.Buckets, o.Buckets)) // a run keeps those of each second: no room is left over
	a, b := h.Buckets, o.Buckets
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Value < b[0].Value:
			merged, a = append(merged, a[0]), a[1:]
		case a[0].Value > b[0].Value:
			merged, b = append(merged, b[0]), b[1:]
		default:
			merged = append(merged, Bucket{a[0].Value, a[0].Count + b[0].Count, a[0].Censored + b[0].Censored})
			a, b = a[1:], b[1:]
		}
	}
	h.Buckets = append(append(merged, a...), b...)
}

// union is how many values are in at least one of the two.
func union(a, b []Bucket) int {
	n := len(a) + len(b)
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Value < b[0].Value:
			a = a[1:]
		case a[0].Value > b[0].Value:
			b = b[1:]
		default:
			a, b = a[1:], b[1:]
			n--
		}
	}
	return n
}

// AddCensored counts a value that is known only to be at least v.
func (h *Histogram) AddCensored(v time.Duration, n uint64) {
	h.Max = max(h.Max, v)
	i, found := slices.BinarySearchFunc(h.Buckets, v, func(b Bucket, v time.Duration) int { return cmp.Compare(b.Value, v) })
	if !found {
		h.Buckets = slices.Insert(h.Buckets, i, Bucket{Value: v})
	}
	h.Buckets[i].Count += n
	h.Buckets[i].Censored += n
}

// A Quantile is a value of which a share of all values is not greater.
type Quantile struct {
	Value   time.Duration
	AtLeast bool // a censored value lies at or below it: the true one may be greater
	Known   bool // false: the histogram is empty
}

// String prints the quantile as people write it: "1.2ms", "> 60s", "-".
func (q Quantile) String() string {
	switch {
	case !q.Known:
		return "-"
	case q.AtLeast:
		return "> " + Human(q.Value)
	}
	return Human(q.Value)
}

// Quantile returns the value at q, between 0 and 1: the smallest recorded value with at least ceil(q*Count) values not greater (nearest rank).
func (h Histogram) Quantile(q float64) Quantile {
	total := h.Count()
	if total == 0 {
		return Quantile{}
	}
	rank := max(1, uint64(math.Ceil(q*float64(total)-1e-9)))
	var seen, censored uint64
	for _, b := range h.Buckets {
		seen += b.Count
		censored += b.Censored
		if seen >= rank {
			v := b.Value
			if seen == total {
				v = h.Max
			}
			return Quantile{Value: min(v, h.Max), AtLeast: censored > 0, Known: true}
		}
	}
	return Quantile{Value: h.Max, AtLeast: censored > 0, Known: true}
}

// histogramJSON is a histogram on disk: the values as differences, so that many small numbers stand in the file.
type histogramJSON struct {
	Count   uint64        `json:"count"`
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	Max     time.Duration `json:"max_ns"`
	Clamped uint64        `json:"clamped,omitempty"`
	// Buckets is a flat list of (value's distance from the one before in ns, count).
	Buckets []int64 `json:"buckets,omitempty"`
	// Censored is a flat list of (index of a bucket, how many of it are censored).
	Censored []int64 `json:"censored,omitempty"`
}

// MarshalJSON writes the histogram with its whole content, and its most asked for figures for those who read the file by eye.
func (h Histogram) MarshalJSON() ([]byte, error) {
	j := histogramJSON{Count: h.Count(), P50: h.Quantile(0.5).Value, P99: h.Quantile(0.99).Value, Max: h.Max, Clamped: h.Clamped}
	var before time.Duration
	for i, b := range h.Buckets {
		j.Buckets = append(j.Buckets, int64(b.Value-before), int64(b.Count))
		before = b.Value
		if b.Censored > 0 {
			j.Censored = append(j.Censored, int64(i), int64(b.Censored))
		}
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	var j histogramJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*h = Histogram{Max: j.Max, Clamped: j.Clamped}
	if len(j.Buckets)%2 != 0 || len(j.Censored)%2 != 0 {
		return fmt.Errorf("histogram: a list of pairs has an odd length")
	}
	var value time.Duration
	for i := 0; i < len(j.Buckets); i += 2 {
		value += time.Duration(j.Buckets[i])
		h.Buckets = append(h.Buckets, Bucket{Value: value, Count: uint64(j.Buckets[i+1])})
	}
	for i := 0; i < len(j.Censored); i += 2 {
		if n := j.Censored[i]; n < 0 || n >= int64(len(h.Buckets)) {
			return fmt.Errorf("histogram: censored bucket %d of %d", n, len(h.Buckets))
		}
		h.Buckets[j.Censored[i]].Censored = uint64(j.Censored[i+1])
	}
	return nil
}
