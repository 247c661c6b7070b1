package squall_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

type readable interface {
	broker.Driver
	broker.Ends
	broker.Reader
}

// An absentMinded driver's readers skip messages: the first of them alone, or all.
type absentMinded struct {
	readable
	always  bool
	readers atomic.Int32
}

func (d *absentMinded) NewReader(ctx context.Context, t broker.Topic, stretches map[int32]broker.Range) (broker.Consumer, error) {
	r, err := d.readable.NewReader(ctx, t, stretches)
	if d.readers.Add(1) == 1 || d.always {
		r = skipping{r}
	}
	return r, err
}

type skipping struct{ broker.Consumer }

// Receive leaves out the offsets from 20 to 29.
func (s skipping) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	all, err := s.Consumer.Receive(ctx, into)
	kept := all[:0]
	for _, d := range all {
		if d.Offset < 20 || d.Offset >= 30 {
			kept = append(kept, d)
		}
	}
	return kept, err
}

// What the final read did not find is looked for once more, by offset, before it is called lost; and what then is lost is told with its evidence.
func TestLostIsLookedForAgain(t *testing.T) {
	for name, always := range map[string]bool{"missed once": false, "gone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, _ := playThrough(t, t.Context(), quietly+"faults: [ { name: slow, at: 0s, for: 1s, latency: { add: 20ms }, link: producers -> leader } ]\n", nil,
				func(d broker.Driver) broker.Driver { return &absentMinded{readable: d.(readable), always: always} })
			safety := r.Safety
			missed := strings.Contains(strings.Join(r.Findings, "\n"), "30 messages that the final read had passed over were found")
			if !always && (safety.Lost != 0 || safety.Loss != nil || !missed || safety.Verified != safety.Acknowledged) {
				t.Errorf("%+v\n%v", safety, r.Findings)
			}
			if always && (safety.Lost != 30 || missed || safety.Loss == nil || safety.Loss.Bytes != 30*100 || safety.Loss.Fault != "slow" || safety.Loss.Youngest <= 0) {
				t.Errorf("%+v\n%v", safety, r.Findings)
			}
			for _, a := range safety.Examples {
				if a.Kind == "lost" && !convincing(a) {
					t.Errorf("%+v", a)
				}
			}
		})
	}
}

// convincing reports whether everything is told of a lost message that is to be told.
func convincing(a report.Anomaly) bool {
	for _, part := range []string{"acknowledged ", "the log has message", "before its place", "led by b", "in epoch", "before slow took effect"} {
		if !strings.Contains(a.Note, part) {
			return false
		}
	}
	return a.Offset >= 20 && a.Offset < 30
}
