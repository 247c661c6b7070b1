package loadgen

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-228c25e4/squall/broker"
)

// The sizes that are drawn anew are those that messages had.
func TestBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := Options{Partitions: rapid.IntRange(1, 5).Draw(t, "partitions"), Size: 99, Seed: rapid.Uint64().Draw(t, "seed")}
		o.Sizes = rapid.SampledFrom([]Sizes{nil, Weighted{{100, 1}, {1000, 9}}, LogNormal{200, 0.7, broker.HeaderSize, 1 << 12}}).Draw(t, "sizes")
		o.Keys = rapid.SampledFrom([]Keys{nil, UniformKeys(50), ZipfKeys{50, 1}}).Draw(t, "keys")
		o.Spread.ByKey = o.Keys != nil && rapid.Bool().Draw(t, "by key")
		var want uint64
		chosen := map[int32][]Stretch{}
		for _, m := range mintAll(o, 1, 3, 400) {
			if !rapid.Bool().Draw(t, "chosen") {
				continue
			}
			want += uint64(len(m.Value))
			list := chosen[m.ID.Partition]
			if n := len(list); n > 0 && list[n-1].Last+1 == m.ID.Seq {
				list[n-1].Last++
			} else {
				list = append(list, Stretch{m.ID.Seq, m.ID.Seq})
			}
			chosen[m.ID.Partition] = list
		}
		if got := Bytes(o, 1, 3, chosen); got != want {
			t.Fatalf("%d bytes, want %d", got, want)
		}
	})
}
