package squall_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

// weary is a driver whose readers of the log give up half way.
type weary struct {
	broker.Driver
	ends
	reader broker.Reader
}

type ends interface{ broker.Ends } // under a name that does not hide its method

func newWeary(d broker.Driver) broker.Driver { return weary{d, d.(broker.Ends), d.(broker.Reader)} }

func (w weary) NewReader(ctx context.Context, t broker.Topic, stretches map[int32]broker.Range) (broker.Consumer, error) {
	r, err := w.reader.NewReader(ctx, t, stretches)
	return &tiring{Consumer: r}, err
}

type tiring struct {
	broker.Consumer
	given int
}

func (t *tiring) Receive(ctx context.Context, into []broker.Delivery) ([]broker.Delivery, error) {
	if t.given > 0 {
		return into[:0], errors.New("the reader is weary")
	}
	into, err := t.Consumer.Receive(ctx, into)
	t.given = len(into) / 2
	return into[:t.given], err
}

// What nobody can know is neither a pass nor a failure, and each time another reason is told. A starved generator is TestStarvedGenerator.
func TestVacuousRuns(t *testing.T) {
	same := func(d broker.Driver) broker.Driver { return d }
	for _, c := range []struct {
		name, more string
		through    func(broker.Driver) broker.Driver
		says       string
		judged     int // how many of the expectations can be judged all the same, the first ones
	}{
		{"a pause shorter than the time-out", "faults: [ { name: nap, at: 0s, for: 400ms, pause: leader } ]\nexpect: [ lost == 0, recovery.service < 5s of nap ]\n", same,
			"nap was over after", 1},
		// b1 leads the only partition, and b3 coordinates the group, whose members may stop reading without it.
		{"a node that leads nothing", "faults: [ { name: death, at: 0s, for: 2s, kill: b2 } ]\nexpect: [ lost == 0, recovery.service < 5s of death ]\n", same,
			"b2 led nothing when death took effect", 1},
		{"a reader that stops early", "expect: [ reordered == 0, lost == 0 ]\n", newWeary, "the reader is weary", 0},
	} {
		t.Run(c.name, func(t *testing.T) { // not beside others, which could make it another reason
			r, _, _ := playThrough(t, t.Context(), strings.Replace(calmly, "partitions: 3", "partitions: 1", 1)+c.more, nil, c.through)
			if told := generatorFindings(r); len(told) > 0 { // which comes before all other reasons
				t.Skipf("NOT TESTED: this very machine was too busy: %s", told[0])
			}
			if v := r.Verdict; v.Outcome != report.Inconclusive || v.ExitCode != report.ExitInconclusive || !strings.Contains(v.Sentence, c.says) {
				t.Errorf("%s\nwant inconclusive, and %q", v.Sentence, c.says)
			}
			for i, e := range r.Expectations {
				if want := map[bool]report.Outcome{true: report.Pass, false: report.Inconclusive}[i < c.judged]; e.Outcome != want {
					t.Errorf("%s: %s, want %s", e.Text, e.Outcome, want)
				}
			}
		})
	}
}
