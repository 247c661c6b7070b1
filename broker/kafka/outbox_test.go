package kafka

import (
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// TestOutbox: outcomes are told with the last one that an answer brought; where the count went wrong, early or at the second look, and then rightly again.
func TestOutbox(t *testing.T) {
	o := outbox{outcomes: make([]broker.Outcome, 0, 4)}
	told := func(acknowledged uint64, ok bool) bool {
		o.outcomes = append(o.outcomes, broker.Outcome{})
		last := o.last(acknowledged, ok)
		if last {
			o.outcomes = o.outcomes[:0]
		}
		return last
	}
	for i, step := range []struct {
		announced uint64
		told      bool
	}{
		{2, false}, {2, true}, {3, true}, // an answer for two, and one for one
		{9, false}, {9, false}, {9, false}, {9, true}, {9, false}, {9, true}, // for six, of which four have room
		{9, true}, {11, false}, {11, true}, // one that no answer announced, and two that one did
	} {
		if got := told(step.announced, true); got != step.told {
			t.Errorf("step %d: told %v, want %v", i, got, step.told)
		}
	}
	if told(14, true); o.stuck(14) || !o.stuck(14) || o.stuck(14) {
		t.Error("an answer for three of which one comes: not told at the second look, or twice")
	}
	if told(16, true) || !told(16, true) {
		t.Error("after a wrong count the next answer's outcomes are not told together")
	}
	if told(18, false) {
		t.Error("a failure counts as one of those that an answer acknowledged")
	}
}
