package nats

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/conns"
)

// A server is left when it has said nothing for ten seconds to what waits for its answer: not while nothing does, and not while the client is held.
func TestDeserted(t *testing.T) {
	p := &producer{dialer: &conns.Dialer{}, flying: map[uint64]*letter{}}
	for _, c := range []struct {
		at     time.Duration
		flying int
		held   bool
		want   bool
	}{
		{time.Hour, 0, false, false}, {time.Hour + time.Second, 1, false, false}, {time.Hour + 5*time.Second, 1, true, false}, {2 * time.Hour, 1, true, false},
		{2*time.Hour + patience - 1, 1, false, false}, {2*time.Hour + patience, 1, false, true}, {2*time.Hour + patience + time.Second, 1, false, false},
	} {
		clear(p.flying)
		for i := range c.flying {
			p.flying[uint64(i)] = &letter{}
		}
		if p.dialer.Gate.Release(); c.held {
			p.dialer.Gate.Hold()
		}
		if got := p.deserted(c.at); got != c.want {
			t.Errorf("at %v: %t, want %t", c.at, got, c.want)
		}
	}
}

// An answer is read the same, whether it is the usual one or not.
func TestAnswerOf(t *testing.T) {
	for data, want := range map[string]pubAnswer{
		`{"stream":"orders","seq":4711}`:                                                              {Sequence: 4711},
		`{"stream":"orders", "seq": 4711,"duplicate": true}`:                                          {Sequence: 4711},
		`{"seq":18446744073709551615,"stream":"a"}`:                                                   {Sequence: math.MaxUint64},
		`{"error":{"code":503,"err_code":10077,"description":"\"seq\":1"},"stream":"orders","seq":0}`: {Error: &jetstream.APIError{Code: 503, ErrorCode: 10077, Description: `"seq":1`}},
	} {
		if got, err := answerOf([]byte(data)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", data, got, err)
		}
	}
	for _, data := range []string{"", "{", `{"seq":-1}`, `{"seq":99999999999999999999}`} {
		if got, err := answerOf([]byte(data)); err == nil {
			t.Errorf("%s is taken: %+v", data, got)
		}
	}
}

// Heartbeats that are missing now and then are no silence; those that are missing one after another are, from the first of them on.
func TestSilence(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var s silence
	for _, c := range []struct{ at, want time.Duration }{
		{0, 0}, {time.Minute, 0}, {2 * time.Minute, 0}, // each a miss by itself
		{2*time.Minute + 2*time.Second, 2 * time.Second}, {2*time.Minute + 4*time.Second, 4 * time.Second}, {2*time.Minute + 6*time.Second, 6 * time.Second},
		{3 * time.Minute, 0},
	} {
		if got := s.since(begin.Add(c.at)); got != c.want {
			t.Errorf("after %v: silent for %v, want %v", c.at, got, c.want)
		}
	}
}

// Servers that tell of no Raft groups know all the same who leads and who follows.
func TestStateOfServersThatTellNoTerms(t *testing.T) {
	told := func(node string, replicas ...peerInfo) answer {
		a := answer{node: node, groups: map[string]raftGroup{}}
		a.js.Meta = &metaInfo{Leader: "b2", Replicas: []peerInfo{{Name: "b1", Active: 1}, {Name: "b3", Active: 1}}}
		s := streamInfo{Name: "orders", Group: "S-R3F-x", Cluster: &clusterInfo{Leader: "b1", Replicas: replicas}}
		a.js.Accounts = append(a.js.Accounts, struct {
			Name    string       `json:"name"`
			Streams []streamInfo `json:"stream_detail"`
		}{"SQUALL", []streamInfo{s}})
		a.withoutRaft()
		return a
	}
	stories := []answer{
		told("b1", peerInfo{Name: "b2", Current: true}, peerInfo{Name: "b3", Offline: true}),
		told("b2", peerInfo{Name: "b1", Current: true}),
	}
	d := &driver{told: map[string]broker.Topic{}, made: map[string]bool{}}
	d.know(broker.Topic{Name: "orders", Partitions: 1, Replicas: 3})
	s := d.merge(stories)
	want := broker.PartitionState{Topic: "orders", Leader: "b1", Replicas: []string{"b1", "b2", "b3"}, InSync: []string{"b1", "b2"}}
	if s.Controller != "b2" || len(s.Partitions) != 1 || !reflect.DeepEqual(s.Partitions[0], want) {
		t.Errorf("%+v", s)
	}
	if s := d.merge(stories[1:]); s.Partitions[0].Leader != "b1" {
		t.Errorf("as a follower alone tells it: %+v", s)
	}
}

// A cluster that does not form is told with how each node sees it.
func TestViews(t *testing.T) {
	told := func(node, state, leader string, term uint64) answer {
		return answer{node: node, meta: map[string]raftGroup{metaGroup: {State: state, Leader: leader, Term: term, PeersOf: map[string]raftPeer{"x": {"b2"}}}}}
	}
	for want, stories := range map[string][]answer{
		"": nil,
		" (b1 follows b2 in term 3, b2 leads in term 3, b3 follows nobody in term 7)": {told("b3", "CANDIDATE", "", 7), told("b1", "FOLLOWER", "x", 3), told("b2", "LEADER", "x", 3)},
		" (b1 is in no cluster)": {{node: "b1"}},
	} {
		if got := views(stories); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
