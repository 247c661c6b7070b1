package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// fibber is a cluster that can be made to misanswer; every request is drawn when it ends.
type fibber struct {
	*fakeCluster
	requests int
	is       broker.Misanswer
	of       []string
	undoErr  error
	over     bool
}

func (f *fibber) Misanswer(_ context.Context, m broker.Misanswer, nodes ...broker.Node) (func() broker.Misanswered, func(context.Context) error, error) {
	f.is, f.of = m, nodeNames(nodes)
	return func() (n broker.Misanswered) {
			for range f.requests {
				if m.Drawn == nil || m.Drawn() {
					n.Answers++
					n.Messages += 3
				}
			}
			return n
		}, func(context.Context) error {
			err := f.undoErr
			f.over, f.undoErr = err == nil, nil
			return err
		}, nil
}

func TestMisanswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault Fault
		want  broker.Misanswer
		told  string
	}{
		"error": {&Error{Code: "NOT_COORDINATOR", API: "heartbeat", Share: 1}, broker.Misanswer{API: "heartbeat", Code: "NOT_COORDINATOR"},
			"1000 answers to heartbeat: NOT_COORDINATOR"},
		"lose-ack": {&LoseAck{Share: 1}, broker.Misanswer{LoseAck: true}, "1000 acknowledgements were lost, for 3000 messages that are stored"},
		"delay": {&DelayResponse{Add: time.Second, API: "fetch", Share: 1}, broker.Misanswer{API: "fetch", Delay: time.Second},
			"1000 answers to fetch came 1s later"},
	} {
		c := &fibber{fakeCluster: newFakeCluster(), requests: 1000, undoErr: errors.New("not now")}
		v := Victims{Cluster: c, Nodes: c.Nodes()[1:], Witness: &Witness{}, Chance: rand.New(rand.NewPCG(1, 2))}
		revert, err := test.fault.Inject(t.Context(), v)
		if err != nil || c.is.Drawn != nil || !slices.Equal(c.of, []string{"b2", "b3"}) {
			t.Errorf("%s: %+v of %v, %v", name, c.is, c.of, err)
		}
		if c.is.API != test.want.API || c.is.Code != test.want.Code || c.is.LoseAck != test.want.LoseAck || c.is.Delay != test.want.Delay {
			t.Errorf("%s: %+v", name, c.is)
		}
		if revert(t.Context()) == nil || c.over {
			t.Errorf("%s: a way back that failed passes for gone", name)
		}
		if err := errors.Join(revert(t.Context()), revert(t.Context())); err != nil || !c.over {
			t.Errorf("%s: %v", name, err)
		}
		if effective, told := v.Witness.told(); effective.IsZero() || !slices.Equal(told, []string{test.told}) || v.Witness.complaint() != "" {
			t.Errorf("%s: %q, %q", name, told, v.Witness.complaint())
		}
	}
}

// A share is drawn from the seed, and a fault that changed nothing says so.
func TestMisanswerShare(t *testing.T) {
	t.Parallel()
	inject := func(requests int, seed uint64) *Witness {
		c := &fibber{fakeCluster: newFakeCluster(), requests: requests}
		v := Victims{Cluster: c, Nodes: c.Nodes(), Witness: &Witness{}, Chance: rand.New(rand.NewPCG(seed, 0))}
		revert, err := (&LoseAck{Share: 0.3}).Inject(t.Context(), v)
		if err := errors.Join(err, revert(t.Context())); err != nil {
			t.Error(err)
		}
		return v.Witness
	}
	told := func(w *Witness) string { return w.notes[0] }
	if a, b, other := told(inject(1000, 7)), told(inject(1000, 7)), told(inject(1000, 8)); a != b || a == other || !strings.HasPrefix(a, "297 ") {
		t.Errorf("%q, %q, and with another seed %q", a, b, other)
	}
	if w := inject(0, 7); !strings.HasPrefix(w.complaint(), "no answer was changed: nobody sent anything to b1, b2 and b3") {
		t.Errorf("%q", w.complaint())
	}
	if needsProtocolFaulter(Victims{Cluster: newFakeCluster()}) == nil || needsProtocolFaulter(Victims{Cluster: &fibber{}}) != nil {
		t.Error("who can be made to misanswer is not known")
	}
}

func TestWordsOfFaults(t *testing.T) {
	t.Parallel()
	kind := broker.Kind{Name: "kafka", APIs: []string{"produce", "fetch"}, Codes: []string{"NOT_LEADER_OR_FOLLOWER", "LEADER_NOT_AVAILABLE", "NOT_COORDINATOR"}}
	for _, test := range []struct {
		fault Worded
		want  string // empty: nothing is wrong
	}{
		{&Error{Code: "NOT_COORDINATOR", API: "fetch"}, ""},
		{&Error{Code: "leader", API: "fetch"}, `kafka has no error "leader"; near to it are NOT_LEADER_OR_FOLLOWER, LEADER_NOT_AVAILABLE`},
		{&Error{Code: "NOT_CORDINATOR", API: "fetch"}, `kafka has no error "NOT_CORDINATOR", did you mean "NOT_COORDINATOR"?`},
		{&Error{Code: "NOT_COORDINATOR", API: "prodce"}, `answers to "prodce" cannot be changed, did you mean "produce"?; it can be done to produce, fetch`},
		{&DelayResponse{API: "x"}, `answers to "x" cannot be changed; it can be done to produce, fetch`},
	} {
		got := ""
		if err := test.fault.CheckWords(kind); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v:\n got %s\nwant %s", test.fault, got, test.want)
		}
	}
	for _, f := range []Configurable{&Error{Share: 1}, &Error{Code: "X"}, &LoseAck{}, &LoseAck{Share: 1.5}, &DelayResponse{Share: 1}, &DelayResponse{Add: 1}} {
		if f.Check() == nil {
			t.Errorf("%+v passes", f)
		}
	}
}
