package broker

import (
	"fmt"
	"testing"
	"time"
)

func message(size int) []byte {
	v := make([]byte, size)
	for i := range v {
		v[i] = byte(i)
	}
	return v
}

func TestEnvelope(t *testing.T) {
	id := ID{Producer: 3, Partition: 5, Seq: 1 << 40}
	for _, size := range []int{HeaderSize, 100, 1024} {
		v := message(size)
		Encode(v, 77, id, 90*time.Second)
		d := Delivery{Value: v}
		if Decode(&d, 77); d.Envelope != Intact || d.ID != id || d.Due != 90*time.Second {
			t.Errorf("size %d: decoded %+v", size, d)
		}
		if Decode(&d, 78); d.Envelope != Foreign {
			t.Errorf("size %d: another run's message is %v, want foreign", size, d.Envelope)
		}
	}
}

// A body that is used again gives the same bytes as one that is sealed anew.
func TestEncodeAgain(t *testing.T) {
	for _, size := range []int{HeaderSize, 100} {
		v, again := message(size), message(size)
		sum := BodySum(again)
		for seq := range uint64(3) {
			Encode(v, 77, ID{1, 2, seq}, time.Duration(seq))
			EncodeAgain(again, sum, 77, ID{1, 2, seq}, time.Duration(seq))
			if string(v) != string(again) {
				t.Errorf("size %d: %x, want %x", size, again, v)
			}
		}
	}
}

// Whichever bit is flipped, and wherever it is cut, it shows.
func TestEnvelopeShowsEveryFlippedBit(t *testing.T) {
	v := message(100)
	Encode(v, 77, ID{1, 2, 3}, time.Second)
	for bit := range len(v) * 8 {
		v[bit/8] ^= 1 << (bit % 8)
		if d := (Delivery{Value: v}); decoded(&d) != Corrupt {
			t.Errorf("bit %d flipped: %v, want corrupt", bit, d.Envelope)
		}
		v[bit/8] ^= 1 << (bit % 8)
	}
	for n := range v {
		if d := (Delivery{Value: v[:n]}); decoded(&d) != Corrupt {
			t.Errorf("cut to %d bytes: %v, want corrupt", n, d.Envelope)
		}
	}
}

func decoded(d *Delivery) EnvelopeState {
	Decode(d, 77)
	return d.Envelope
}

func TestProbeIsNobodysLoad(t *testing.T) {
	v := message(HeaderSize)
	EncodeProbe(v, 77)
	if d := (Delivery{Value: v}); decoded(&d) != Probe {
		t.Errorf("a probe is %v", d.Envelope)
	}
}

func FuzzDecode(f *testing.F) {
	v := message(64)
	Encode(v, 77, ID{1, 2, 3}, time.Second)
	f.Add(v)
	f.Fuzz(func(t *testing.T, v []byte) {
		d := Delivery{Value: v}
		if Decode(&d, 77); d.Envelope != Intact {
			return
		}
		again := append([]byte(nil), v...)
		Encode(again, 77, d.ID, d.Due)
		if string(again) != string(v) {
			t.Errorf("intact, and encodes to something else: %x, %x", v, again)
		}
	})
}

func BenchmarkEnvelope(b *testing.B) {
	for _, size := range []int{100, 1024} {
		v := message(size)
		b.Run(fmt.Sprint("Encode", size, "B"), func(b *testing.B) {
			b.ReportAllocs()
			sum := BodySum(v)
			for i := range b.N {
				EncodeAgain(v, sum, 77, ID{1, 2, uint64(i)}, time.Duration(i))
			}
		})
		b.Run(fmt.Sprint("Decode", size, "B"), func(b *testing.B) {
			b.ReportAllocs()
			Encode(v, 77, ID{1, 2, 3}, time.Second)
			for range b.N {
				d := Delivery{Value: v}
				Decode(&d, 77)
			}
		})
	}
}
