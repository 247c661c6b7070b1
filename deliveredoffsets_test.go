package squall_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
)

// mute is a driver of brokers whose acknowledgements do not tell where a message is.
type mute struct {
	broker.Driver
	ends
	again
}

type again interface{ broker.Reader } // under a name that does not hide its method

func (m mute) NewProducer(ctx context.Context, t broker.Topic, o broker.ProducerOptions, outcomes func([]broker.Outcome)) (broker.Producer, error) {
	return m.Driver.NewProducer(ctx, t, o, func(list []broker.Outcome) {
		list = slices.Clone(list)
		for i := range list {
			list[i].Offset = -1
		}
		outcomes(list)
	})
}

// Where acknowledgements tell no offsets, what is lost is found out all the same, nobody else is accused, and how far consumers are behind is known.
func TestOffsetsThatOnlyDeliveriesTell(t *testing.T) { // not beside others, which could keep it from its schedule
	var dropped atomic.Int64
	for name, c := range map[string]struct {
		consumers string
		meddle    func(*embedded.Cluster)
		want      report.Outcome
	}{
		"an honest broker": {`{ count: 1, group: "", start: 3s }`, func(*embedded.Cluster) {}, report.Pass},
		"a liar":           {`{ count: 1, group: "" }`, func(c *embedded.Cluster) { liar(c, 2500*time.Millisecond, &dropped) }, report.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			s, bed := testbed(t, strings.Replace(quiet, "{ count: 2, group: billing }", c.consumers, 1)+"expect: [ lost == 0, corrupt == 0 ]\n")
			c.meddle(bed.Cluster.(*embedded.Cluster))
			bed.Driver = mute{bed.Driver, bed.Driver.(broker.Ends), bed.Driver.(broker.Reader)}
			bed.Kind.Offsets = func(broker.Settings) broker.Offsets { return broker.OffsetsDelivered }
			r, err := squall.Run(t.Context(), s, bed)
			if err != nil {
				t.Fatal(err)
			}
			if told := generatorFindings(r); len(told) > 0 && c.want != report.Fail {
				t.Skipf("NOT TESTED: this very machine was too busy: %s", told[0])
			}
			if r.Verdict.Outcome != c.want || (r.Safety.Lost > 0) != (c.want == report.Fail) || r.Safety.Verified+r.Safety.Lost != r.Safety.Acknowledged {
				t.Errorf("%s; lost %d and verified %d of %d", r.Verdict.Sentence, r.Safety.Lost, r.Safety.Verified, r.Safety.Acknowledged)
			}
			var most uint64
			for _, w := range r.Windows {
				most = max(most, w.Backlog)
			}
			if last := r.Windows[len(r.Windows)-1].Backlog; c.want == report.Pass && (most < 300 || last > 0) {
				t.Errorf("consumers that begin 3 s late were behind by %d at most, and by %d in the end", most, last)
			}
		})
	}
}
