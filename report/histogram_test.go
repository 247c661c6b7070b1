package report

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawHistogram makes a histogram, and the values that it holds.
func drawHistogram(t *rapid.T) (Histogram, []time.Duration) {
	var h Histogram
	var all []time.Duration
	for _, v := range rapid.SliceOf(rapid.IntRange(1, 40)).Draw(t, "values") {
		d := time.Duration(v) * time.Millisecond
		h.Merge(Histogram{Buckets: []Bucket{{Value: d, Count: 1}}, Max: d})
		all = append(all, d)
	}
	slices.Sort(all)
	return h, all
}

func TestQuantileIsTheNearestRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, all := drawHistogram(t)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		got := h.Quantile(q)
		if len(all) == 0 {
			if got.Known {
				t.Fatal("an empty histogram has a quantile")
			}
			return
		}
		rank := max(1, int(math.Ceil(q*float64(len(all))-1e-9)))
		if got.Value != all[rank-1] {
			t.Fatalf("q%v of %v is %v, want %v", q, all, got.Value, all[rank-1])
		}
	})
}

func TestMergeIsAddition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, as := drawHistogram(t)
		b, bs := drawHistogram(t)
		a.Merge(b)
		if int(a.Count()) != len(as)+len(bs) || !slices.IsSortedFunc(a.Buckets, func(x, y Bucket) int { return int(x.Value - y.Value) }) {
			t.Fatalf("%v and %v make %v", as, bs, a.Buckets)
		}
		b.Merge(a)
		if len(a.Buckets) > 0 && len(bs) > 0 && cap(b.Buckets) != len(b.Buckets) {
			t.Fatalf("room for %d buckets for %d", cap(b.Buckets), len(b.Buckets))
		}
	})
}

func TestHistogramOnDisk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, _ := drawHistogram(t)
		for _, v := range rapid.SliceOf(rapid.IntRange(1, 50)).Draw(t, "censored") {
			h.AddCensored(time.Duration(v)*time.Millisecond, 1)
		}
		data, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var back Histogram
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if back.Max != h.Max || back.Count() != h.Count() || len(h.Buckets) > 0 && !reflect.DeepEqual(back.Buckets, h.Buckets) {
			t.Fatalf("wrote %+v, read %+v", h, back)
		}
	})
}

func TestBrokenHistogramIsAnError(t *testing.T) {
	for _, data := range []string{`{"buckets":[1]}`, `{"buckets":[1,2],"censored":[7,1]}`, `{"buckets":[1,2],"censored":[-1,1]}`} {
		var h Histogram
		if err := json.Unmarshal([]byte(data), &h); err == nil {
			t.Errorf("%s was read as %+v", data, h)
		}
	}
}
