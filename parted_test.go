package squall_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// A parted driver's cluster has metadata that went apart: for the first looks, or for good.
type parted struct {
	readable
	forGood bool
	looks   atomic.Int32
}

func (d *parted) State(ctx context.Context) (broker.State, error) {
	s, err := d.readable.State(ctx)
	if d.looks.Add(1) <= 20 || d.forGood {
		s.Parted = []string{"b1", "b2"}
	}
	return s, err
}

// Metadata that stay parted are a finding, which names the nodes; those that come together by themselves are told in the history alone.
func TestMetadataThatStayParted(t *testing.T) {
	for name, forGood := range map[string]bool{"come together": false, "stay parted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, _ := playThrough(t, t.Context(), quietly+"faults: [ { name: slow, at: 0s, for: 1s, latency: { add: 20ms }, link: producers -> leader } ]\n", nil,
				func(d broker.Driver) broker.Driver { return &parted{readable: d.(readable), forGood: forGood} })
			told := strings.Join(r.Findings, "\n")
			if strings.Contains(told, "the metadata of b1+b2 stayed parted") != forGood || strings.Contains(told, "parted") != forGood {
				t.Errorf("findings: %s", told)
			}
			if states := r.History.States; len(states) == 0 || len(states[0].Parted) != 2 {
				t.Errorf("history: %+v", states)
			}
		})
	}
}
