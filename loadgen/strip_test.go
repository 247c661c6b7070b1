package loadgen

import (
	"testing"
	"time"
)

// letters marks what was due and acknowledged in one partition, rolls once a second, and returns the letters of the seconds until end.
func letters(due, acknowledged []time.Duration, end time.Duration) (all string) {
	s := newStrip(1)
	for at := time.Second; at <= end; at += time.Second {
		dueSlots, doneSlots := newSlots(1), newSlots(1)
		dueSlots.reset(at - time.Second)
		doneSlots.reset(at - time.Second)
		for i, list := range [][]time.Duration{due, acknowledged} {
			for _, d := range list {
				if d >= at-time.Second && d < at {
					[]*slots{&dueSlots, &doneSlots}[i].set(0, d)
				}
			}
		}
		s.merge(&dueSlots, &doneSlots)
		all += s.take(int(at/time.Second) - 1)
	}
	return all
}

func TestLettersOfPartitions(t *testing.T) {
	steady := every(10*ms, 0, 8*time.Second)
	for name, c := range map[string]struct {
		due, acknowledged []time.Duration
		want              string
	}{
		"steady, in batches":      {steady, every(50*ms, 45*ms, 8*time.Second), "ffffffff"},
		"silent for two seconds":  {steady, append(every(10*ms, 0, 3*time.Second), every(10*ms, 5*time.Second, 8*time.Second)...), "fffssfff"},
		"the generator waits too": {append(every(10*ms, 0, 3*time.Second+200*ms), every(10*ms, 6*time.Second, 8*time.Second)...), append(every(10*ms, 0, 3*time.Second), every(10*ms, 6*time.Second, 8*time.Second)...), "fffsssff"},
		"slow":                    {steady, append(every(10*ms, 0, 3*time.Second), append(every(300*ms, 3*time.Second, 5*time.Second), every(10*ms, 5*time.Second, 8*time.Second)...)...), "fffttfff"},
		"nothing due":             {append(every(10*ms, 0, 3*time.Second), every(10*ms, 5*time.Second, 8*time.Second)...), append(every(10*ms, 0, 3*time.Second), every(10*ms, 5*time.Second, 8*time.Second)...), "fffiifff"},
		"one a second":            {every(time.Second, 950*ms, 8*time.Second), every(time.Second, 1010*ms, 8*time.Second), "sfffffff"},
		"never":                   {steady[:1], nil, "ssssssss"},
	} {
		if got := letters(c.due, c.acknowledged, 8*time.Second); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestLettersOfTooManyPartitions(t *testing.T) {
	s, none := newStrip(stripMost+1), newSlots(stripMost+1)
	s.merge(&none, &none)
	if got := s.take(0); got != "" {
		t.Errorf("%d letters", len(got))
	}
	if got := newStrip(stripMost).take(0); len(got) != stripMost {
		t.Errorf("%d letters", len(got))
	}
}
