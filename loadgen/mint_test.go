package loadgen

import (
	"bytes"
	"compress/flate"
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// mintAll makes messages with everything that a batch takes, and keeps copies.
func mintAll(o Options, shard, shards, n int) []broker.Message {
	m := newMint(o, shard, shards)
	m.begin()
	var all []broker.Message
	for i := range n {
		if m.full() {
			m.begin()
		}
		msg := m.message(time.Duration(i))
		msg.Key, msg.Value = slices.Clone(msg.Key), slices.Clone(msg.Value)
		all = append(all, msg)
	}
	return all
}

// Whatever is asked for, messages are whole, their sizes within bounds, their streams without holes, and the same again for the same seed.
func TestMint(t *testing.T) {
	t.Parallel()
	body := RandomBody(1, 0.3)
	file := FileBody([]byte("a short file"))
	rapid.Check(t, func(t *rapid.T) {
		o := Options{Run: 7, Partitions: rapid.IntRange(1, 40).Draw(t, "partitions"), Size: 99, Seed: rapid.Uint64().Draw(t, "seed")}
		least := rapid.IntRange(broker.HeaderSize, 1000).Draw(t, "least")
		count := rapid.Uint64Range(1, 5000).Draw(t, "keys")
		o.Sizes = rapid.SampledFrom([]Sizes{nil, Fixed(least), Weighted{{least, 1}, {least + 1000, 9}, {2 << 20, 0.01}},
			LogNormal{least + 10, 0.7, least, 1 << 16}}).Draw(t, "sizes")
		o.Keys = rapid.SampledFrom([]Keys{nil, RoundRobinKeys(count), UniformKeys(count), ZipfKeys{count, 1}, ZipfKeys{count, 2.5}}).Draw(t, "keys")
		o.Body = rapid.SampledFrom([]*Body{body, file}).Draw(t, "body")
		o.Spread.ByKey = o.Keys != nil && rapid.Bool().Draw(t, "by key")
		if !o.Spread.ByKey && rapid.Bool().Draw(t, "weights") {
			o.Spread.Weights = make([]float64, o.Partitions)
			o.Spread.Weights[rapid.IntRange(0, o.Partitions-1).Draw(t, "heavy")] = 3
			o.Spread.Weights[0] = 1
		}
		all, again := mintAll(o, 2, 5, 600), mintAll(o, 2, 5, 600)
		next := map[int32]uint64{}
		home := map[string]int32{}
		sizes := o.Sizes
		if sizes == nil {
			sizes = Fixed(o.Size)
		}
		low, high := sizes.Bounds()
		for i, m := range all {
			if m.ID != again[i].ID || !bytes.Equal(m.Value, again[i].Value) || !bytes.Equal(m.Key, again[i].Key) {
				t.Fatalf("message %d is another one the second time", i)
			}
			d := broker.Delivery{Value: m.Value}
			if broker.Decode(&d, 7); d.Envelope != broker.Intact || d.ID != m.ID || len(m.Value) < low || len(m.Value) > high {
				t.Fatalf("message %d: envelope %v, id %v for %v, %d bytes", i, d.Envelope, d.ID, m.ID, len(m.Value))
			}
			if m.ID.Seq != next[m.ID.Partition] || m.ID.Producer != 2 {
				t.Fatalf("message %d is %+v, want sequence %d", i, m.ID, next[m.ID.Partition])
			}
			next[m.ID.Partition]++
			if (m.Key == nil) != (o.Keys == nil) || o.Keys != nil && !strings.HasPrefix(string(m.Key), keyPrefix) {
				t.Fatalf("message %d has the key %q", i, m.Key)
			}
			if p, known := home[string(m.Key)]; o.Spread.ByKey && known && p != m.ID.Partition {
				t.Fatalf("key %s goes to partitions %d and %d", m.Key, p, m.ID.Partition)
			}
			home[string(m.Key)] = m.ID.Partition
			if w := o.Spread.Weights; w != nil && w[m.ID.Partition] == 0 {
				t.Fatalf("partition %d has no weight", m.ID.Partition)
			}
		}
	})
}

func TestSizes(t *testing.T) {
	t.Parallel()
	const n = 200_000
	for _, tt := range []struct {
		sizes Sizes
		mean  float64
	}{
		{Fixed(100), 100},
		{Weighted{{100, 9}, {1100, 1}}, 200},
		{LogNormal{1000, 0.5, 44, 1 << 30}, 1000 * math.Exp(0.125)},
		{LogNormal{1000, 3, 900, 1100}, 1000},
		{LogNormal{500, 1, 500, 500}, 500},
	} {
		sample, r := tt.sizes.sampler(), stream(1, "size", 0)
		sum := 0
		for range n {
			sum += sample(r.Uint64())
		}
		if got := float64(sum) / n; math.Abs(got-tt.mean) > 0.02*tt.mean || math.Abs(tt.sizes.Mean()-tt.mean) > 0.02*tt.mean {
			t.Errorf("%+v: mean of the sizes is %.1f, said to be %.1f, want %.1f", tt.sizes, got, tt.sizes.Mean(), tt.mean)
		}
	}
}

// Each key comes as often as its weight says, and so does each partition.
func TestKeysAndShares(t *testing.T) {
	t.Parallel()
	const n = 400_000
	for _, k := range []Keys{RoundRobinKeys(7), UniformKeys(7), UniformKeys(1), ZipfKeys{7, 0.5}, ZipfKeys{7, 1}, ZipfKeys{1000, 1.2}, ZipfKeys{1, 2},
		ZipfKeys{1 << 40, 1.5}, ZipfKeys{100, 10}} {
		choose := k.chooser(stream(1, "key", 0))
		partition := (Spread{ByKey: true}).chooser(5, nil)
		got, parts := map[uint64]float64{}, make([]float64, 5)
		for i := range uint64(n) {
			key := choose(i)
			if key >= k.Count() {
				t.Fatalf("%+v: key %d", k, key)
			}
			got[key]++
			parts[partition(i, key)] += 1.0 / n
		}
		sum := 0.0
		for key := range min(k.Count(), 1_000_000) {
			sum += k.weight(key)
		}
		for key := range min(k.Count(), 5) {
			want := n * k.weight(key) / sum
			if math.Abs(got[key]-want) > 6*math.Sqrt(want)+0.002*want { // the second term: keys beyond a million
				t.Errorf("%+v: key %d came %v times, want %.0f", k, key, got[key], want)
			}
		}
		for p, want := range (Spread{ByKey: true}).Shares(5, k) {
			if math.Abs(parts[p]-want) > 0.005 {
				t.Errorf("%+v: partition %d gets a share of %.4f, said to be %.4f", k, p, parts[p], want)
			}
		}
	}
	heavy := Spread{Weights: make([]float64, 20)}
	heavy.Weights[3], heavy.Weights[17] = 1, 3
	choose := heavy.chooser(20, stream(1, "partition", 0))
	seventeen := 0.0
	for i := range uint64(n) {
		switch p := choose(i, 0); p {
		case 17:
			seventeen += 1.0 / n
		case 3:
		default:
			t.Fatalf("partition %d has no weight", p)
		}
	}
	if math.Abs(seventeen-0.75) > 0.005 || heavy.Shares(20, nil)[17] != 0.75 {
		t.Errorf("a share of %v, said to be %v, want 3/4", seventeen, heavy.Shares(20, nil)[17])
	}
}

// Compression takes the share away that was asked for, and no more: bodies do not repeat themselves.
func TestCompressibleShare(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{0, 0.25, 0.5, 0.9, 1} {
		o := Options{Partitions: 1, Size: 1024, Seed: 3, Body: RandomBody(3, share)}
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, flate.DefaultCompression)
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, m := range mintAll(o, 0, 1, 1000) {
			body := m.Value[broker.HeaderSize:]
			size += len(body)
			_, _ = w.Write(body)
		}
		_ = w.Close()
		if took := 1 - float64(out.Len())/float64(size); math.Abs(took-share) > 0.03 {
			t.Errorf("compression takes %.3f away, want %.2f", took, share)
		}
	}
}

func TestFileBody(t *testing.T) {
	t.Parallel()
	o := Options{Partitions: 1, Size: broker.HeaderSize + 7, Body: FileBody([]byte("0123456789"))}
	got := ""
	for _, m := range mintAll(o, 0, 2, 3) {
		got += string(m.Value[broker.HeaderSize:])
	}
	if got != "012345678901234567890" {
		t.Errorf("bodies are %q", got)
	}
	if second := mintAll(o, 1, 2, 1)[0].Value; string(second[broker.HeaderSize:]) != "5678901" {
		t.Errorf("the second sender begins with %q", second[broker.HeaderSize:])
	}
}

// nullProducer takes everything.
type nullProducer struct{}

func (nullProducer) Send(_ context.Context, ms []broker.Message) int { return len(ms) }
func (nullProducer) Buffered() int                                   { return 0 }
func (nullProducer) Abort()                                          {}
func (nullProducer) Close(context.Context) error                     { return nil }

// The sender's path must not allocate: fill and offer, a message per operation.
func BenchmarkSend(b *testing.B) {
	body := RandomBody(1, 0.5)
	weights := make([]float64, 6)
	for i := range weights {
		weights[i] = float64(i + 1)
	}
	for name, o := range map[string]Options{
		"100B": {Size: 100}, "1KiB": {Size: 1024},
		"keys, sizes and weights": {Sizes: LogNormal{200, 0.5, 100, 1000}, Keys: ZipfKeys{1_000_000, 1.1}, Spread: Spread{Weights: weights}},
		"by key":                  {Sizes: Weighted{{100, 9}, {1000, 1}}, Keys: UniformKeys(1000), Spread: Spread{ByKey: true}},
	} {
		b.Run(name, func(b *testing.B) {
			o.Clock, o.Partitions, o.Body = broker.NewClock(), 6, body
			o.Phases = NewPhases(report.Phase{Kind: report.Baseline})
			o.Pacer = Constant{1e6}
			s := NewSender(o, 0, 1, &countingPage{})
			b.ReportAllocs()
			b.ResetTimer()
			for sent := 0; sent < b.N; {
				s.fill(time.Duration(s.next+1000) * time.Microsecond)
				sent += len(s.batch)
				s.offer(context.Background(), nullProducer{})
				if s.next%100_000 < batchSize {
					s.sending.take(o.Clock.Now())
				}
			}
		})
	}
}
