package squall_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
)

// An amnesiac driver's coordinator has forgotten for a second what the group committed, once it told of it a few times; an honest one has not. Both keep what
// members say they committed.
type amnesiac struct {
	readable
	honest bool

	mu     sync.Mutex
	told   int
	agreed map[int32]int64
}

func (d *amnesiac) Committed(ctx context.Context, group, topic string) (map[int32]int64, error) {
	got, err := d.coordinator().Committed(ctx, group, topic)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && got[0] > 0 && got[2] > 0 {
		if d.told++; d.told == 4 && !d.honest {
			got[0], got[2] = 0, 0
		}
	}
	return got, err
}

func (d *amnesiac) coordinator() broker.Committed { return d.readable.(broker.Committed) }

func (d *amnesiac) NewConsumer(ctx context.Context, t broker.Topic, o broker.ConsumerOptions) (broker.Consumer, error) {
	tell := o.Commits
	o.Commits = func(c broker.Commit) {
		tell(c)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.agreed[c.Partition] = max(d.agreed[c.Partition], c.Offset)
	}
	return d.readable.NewConsumer(ctx, t, o)
}

// A committed offset that goes back is told where no member committed that one; what members committed is known, to the last of it.
func TestCommittedOffsetsGoBack(t *testing.T) {
	for name, honest := range map[string]bool{"honest": true, "forgetful": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, bed := testbed(t, strings.Replace(quietly, "baseline: 3s", "baseline: 12s", 1))
			d := &amnesiac{readable: bed.Driver.(readable), honest: honest, agreed: map[int32]int64{}}
			bed.Driver = d
			r, err := squall.Run(t.Context(), s, bed)
			if err != nil {
				t.Fatal(err)
			}
			want := uint64(2)
			if honest {
				want = 0
			}
			if r.Safety.CommitRegression != want || len(r.Safety.Regressions) != int(want) {
				t.Errorf("%d: %+v", r.Safety.CommitRegression, r.Safety.Regressions)
			}
			last, err := d.coordinator().Committed(t.Context(), "billing", s.Topic.Name)
			if err != nil {
				t.Fatal(err)
			}
			for p, at := range last {
				if d.agreed[p] != at {
					t.Errorf("partition %d: members told of %d, and %d is committed", p, d.agreed[p], at)
				}
			}
			if len(last) != 3 {
				t.Errorf("committed: %v", last)
			}
		})
	}
}
