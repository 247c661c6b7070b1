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
	if told(2, true) || !told(2, true) || !told(3, true) {
		t.Error("an answer for two, and one for one: told before the last, or not with it")
	}
	if told(9, true) || told(9, true) || told(9, true) || !told(9, true) || told(9, true) || !told(9, true) {
		t.Error("an answer for six, of which four have room: not told when the room was full and with the last")
	}
	if !told(9, true) || told(11, true) || !told(11, true) {
		t.Error("one that no answer announced: not told at once, or the next ones wrongly")
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
