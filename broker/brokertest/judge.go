package brokertest

import (
	"errors"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// compare checks that each acknowledged message was read once, where the broker had said, in the order of sending.
func (s *suite) compare(t *testing.T, outcomes map[broker.ID]broker.Outcome, h *harvest) {
	t.Helper()
	type stream struct {
		producer  uint32
		partition int32
	}
	last := map[stream]int64{}
	for _, id := range sorted(outcomes) {
		o, got := outcomes[id], h.got[id]
		if o.Err != nil {
			continue
		}
		if len(got) != 1 {
			t.Errorf("%v was read %d times", id, len(got))
			continue
		}
		d := got[0]
		if d.Due != o.Due {
			t.Errorf("%v was due at %v, and its envelope says %v", id, o.Due, d.Due)
		}
		if o.At < o.Sent || d.At <= 0 {
			t.Errorf("%v was sent at %v, acknowledged at %v, read at %v", id, o.Sent, o.At, d.At)
		}
		if o.Offset >= 0 && d.Offset >= 0 && o.Offset != d.Offset {
			t.Errorf("%v was acknowledged at offset %d and read at %d", id, o.Offset, d.Offset)
		}
		at := stream{id.Producer, id.Partition}
		place := d.Offset
		if place < 0 {
			place = h.place[id]
		}
		if before, ok := last[at]; ok && place <= before {
			t.Errorf("%v stands at offset %d, its predecessor at %d", id, place, before)
		}
		last[at] = place
	}
}

// noneRejectedIsThere checks that what is called rejected is in no log, and tells how the messages ended.
func (s *suite) noneRejectedIsThere(t *testing.T, outcomes map[broker.ID]broker.Outcome, h *harvest) {
	t.Helper()
	counts := map[string]int{}
	for id, o := range outcomes {
		switch {
		case o.Err == nil:
			counts["acknowledged"]++
		case errors.Is(o.Err, broker.ErrRejected):
			counts["rejected"]++
			if len(h.got[id]) > 0 {
				t.Errorf("%v was rejected (%v), and is in the log", id, o.Err)
			}
		default:
			counts["unknown"]++
		}
	}
	t.Logf("outcomes: %v", counts)
}
