package ledger

import (
	"testing"

	"pgregory.net/rapid"
)

// numbers lie around the edges of a few chunks, near and far.
var numbers = rapid.Custom(func(t *rapid.T) uint64 {
	edge := rapid.SampledFrom([]uint64{0, 1, 2, 3, 1000, 1 << 40}).Draw(t, "chunk") * chunkSize
	return edge + rapid.Uint64Range(0, chunkSize-1).Draw(t, "rest")
})

func TestSetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, model, free := &set{}, map[uint64]bool{}, &spare{}
		add := func(n uint64) {
			if fresh := s.add(n, free); fresh == model[n] {
				t.Fatalf("add(%d) = %v", n, fresh)
			}
			model[n] = true
		}
		t.Repeat(map[string]func(*rapid.T){
			"one": func(t *rapid.T) { add(numbers.Draw(t, "n")) },
			"stretch": func(t *rapid.T) {
				first := numbers.Draw(t, "n")
				for n := range rapid.Uint64Range(0, 3*chunkSize).Draw(t, "length") {
					add(first + n)
				}
			},
			"": func(t *rapid.T) {
				n := numbers.Draw(t, "asked")
				if s.has(n) != model[n] {
					t.Fatalf("has(%d) = %v", n, s.has(n))
				}
				if s.count() != uint64(len(model)) {
					t.Fatalf("count() = %d of %d", s.count(), len(model))
				}
			},
		})
		walked(t, s, model)
	})
}

// walked compares all that a walk finds with the model, and how well the set is folded.
func walked(t *rapid.T, s *set, model map[uint64]bool) {
	found := 0
	for w := newWalk(nil, s); ; {
		base, more := w.next()
		if !more {
			break
		}
		for i := range uint64(chunkSize) {
			if w.views[0][i/64]>>(i%64)&1 != 0 {
				t.Fatalf("%d in an empty set", base+i)
			}
			if w.views[1][i/64]>>(i%64)&1 != 0 {
				found++
				if !model[base+i] {
					t.Fatalf("%d was never added", base+i)
				}
			}
		}
	}
	if found != len(model) {
		t.Fatalf("found %d of %d", found, len(model))
	}
	for i, p := range s.spans {
		if i > 0 && s.spans[i-1].chunk == nil && p.chunk == nil && s.spans[i-1].end == p.first {
			t.Fatalf("neighbouring runs are not one: %v", s.spans)
		}
	}
}

func TestSetsUnion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model, free := map[uint64]bool{}, &spare{}
		sets := make([]*set, rapid.IntRange(1, 3).Draw(t, "sets"))
		for i := range sets {
			sets[i] = &set{}
			for range rapid.IntRange(0, 3).Draw(t, "stretches") {
				first := numbers.Draw(t, "n")
				for n := range rapid.Uint64Range(0, 2*chunkSize).Draw(t, "length") {
					sets[i].add(first+n, free)
					model[first+n] = true
				}
			}
		}
		if got := union(sets); got != uint64(len(model)) {
			t.Fatalf("union = %d of %d", got, len(model))
		}
	})
}

func TestSetCostsAsMuchAsItHasGaps(t *testing.T) {
	s, free := &set{}, &spare{}
	for n := range uint64(10_000_000) {
		s.add(n^63, free) // out of order, as far as batches are
	}
	if len(s.spans) > 2 || len(free.chunks) > 2 {
		t.Errorf("10 M numbers without a gap are %d spans, and %d chunks are spare", len(s.spans), len(free.chunks))
	}
}
