package embedded_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/embedded"
)

// misanswer lets all nodes answer otherwise.
func misanswer(t *testing.T, c *embedded.Cluster, m broker.Misanswer) (func() broker.Misanswered, func(context.Context) error) {
	t.Helper()
	changed, undo, err := c.Misanswer(t.Context(), m, c.Nodes()...)
	if err != nil {
		t.Fatalf("%+v: %v", m, err)
	}
	return changed, undo
}

// Whatever the kind says can be answered, an embedded broker can be made to answer.
func TestWordsOfTheKind(t *testing.T) {
	c, _, _ := start(t, quick)
	for _, api := range kafka.Kind.APIs {
		_, undo := misanswer(t, c, broker.Misanswer{API: api, Delay: time.Second})
		if err := undo(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for _, code := range kafka.Kind.Codes {
		_, undo := misanswer(t, c, broker.Misanswer{API: "produce", Code: code})
		if err := undo(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if len(kafka.Kind.Codes) < 130 {
		t.Errorf("there are only %d errors", len(kafka.Kind.Codes))
	}
	for _, m := range []broker.Misanswer{{API: "cook", Delay: 1}, {API: "produce", Code: "ENOENT"}} {
		if _, undo, err := c.Misanswer(t.Context(), m, c.Nodes()...); err == nil || undo(t.Context()) != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
}

// An error is in the answers to clients of the load and nowhere else, and gone with the lie.
func TestMisanswer(t *testing.T) {
	c, d, topic := start(t, quick)
	produce := kmsg.NewPtrProduceRequest()
	produce.Acks, produce.TimeoutMillis = -1, 1000
	produce.Topics = []kmsg.ProduceRequestTopic{{TopicID: c.Fake().TopicInfo("t").TopicID, Topic: "t", Partitions: []kmsg.ProduceRequestTopicPartition{{}}}}
	code := kerr.GroupSubscribedToTopic // which nothing here ever answers by itself
	for name, test := range map[string]struct {
		req  kmsg.Request
		code func(kmsg.Response) int16
	}{
		"produce":    {produce, func(r kmsg.Response) int16 { return r.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode }},
		"heartbeat":  {group(kmsg.NewPtrHeartbeatRequest(), func(r *kmsg.HeartbeatRequest) { r.Group = "g" }), func(r kmsg.Response) int16 { return r.(*kmsg.HeartbeatResponse).ErrorCode }},
		"join-group": {group(kmsg.NewPtrJoinGroupRequest(), func(r *kmsg.JoinGroupRequest) { r.Group = "g" }), func(r kmsg.Response) int16 { return r.(*kmsg.JoinGroupResponse).ErrorCode }},
		"find-coordinator": {
			group(kmsg.NewPtrFindCoordinatorRequest(), func(r *kmsg.FindCoordinatorRequest) { r.CoordinatorKeys = []string{"g"} }),
			func(r kmsg.Response) int16 { return r.(*kmsg.FindCoordinatorResponse).Coordinators[0].ErrorCode },
		},
	} {
		t.Run(name, func(t *testing.T) {
			changed, undo := misanswer(t, c, broker.Misanswer{API: name, Code: code.Message})
			client := client(t, c, broker.Producers)
			ask := func() int16 {
				resp, err := client.Broker(0).Request(t.Context(), test.req)
				if err != nil {
					t.Fatal(err)
				}
				return test.code(resp)
			}
			if got := ask(); got != code.Code {
				t.Errorf("the answer has the code %d", got)
			}
			if err := undo(t.Context()); err != nil {
				t.Error(err)
			}
			if got := ask(); got == code.Code {
				t.Error("the lie is over, and goes on")
			}
			if n := changed().Answers; n != 1 {
				t.Errorf("%d answers were changed", n)
			}
		})
	}
	changed, _ := misanswer(t, c, broker.Misanswer{API: "metadata", Code: "TOPIC_AUTHORIZATION_FAILED"})
	if s, err := d.State(t.Context()); err != nil || !whole(s) {
		t.Errorf("the observer sees %+v, %v", s, err)
	}
	if n := changed(); n.Answers != 0 {
		t.Errorf("%d answers to the observer were changed", n.Answers)
	}
	send(t, d, topic, kerr.TopicAuthorizationFailed)
	if n := changed(); n.Answers == 0 {
		t.Error("no answer to a producer was changed")
	}
}

func group[T any](r *T, set func(*T)) *T {
	set(r)
	return r
}

// client speaks to the cluster as one of the load's would.
func client(t *testing.T, c *embedded.Cluster, name string) *kgo.Client {
	t.Helper()
	e := c.Endpoint(name)
	cl, err := kgo.NewClient(kgo.SeedBrokers(e.Addrs...), kgo.Dialer(e.Dial), kgo.DisableClientMetrics())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// What is to come late comes late, and at once when the lie is over.
func TestLateAnswers(t *testing.T) {
	c, _, _ := start(t, quick)
	cl := client(t, c, broker.Consumers)
	ask := func() time.Duration {
		began := time.Now()
		if _, err := cl.Broker(0).Request(t.Context(), group(kmsg.NewPtrListOffsetsRequest(), func(r *kmsg.ListOffsetsRequest) { r.ReplicaID = -1 })); err != nil {
			t.Error(err)
		}
		return time.Since(began)
	}
	ask()
	const late = time.Second
	drawn := 0
	changed, undo := misanswer(t, c, broker.Misanswer{API: "list-offsets", Delay: late, Drawn: func() bool { drawn++; return drawn != 2 }})
	for i, isLate := range []bool{true, false, true} {
		if took := ask(); took >= late != isLate {
			t.Errorf("answer %d took %v", i, took)
		}
	}
	if n := changed().Answers; n != 2 {
		t.Errorf("%d answers were late", n)
	}
	_, endless := misanswer(t, c, broker.Misanswer{API: "list-offsets", Delay: time.Hour})
	if err := undo(t.Context()); err != nil {
		t.Error(err)
	}
	var over atomic.Bool
	time.AfterFunc(200*time.Millisecond, func() {
		over.Store(true)
		_ = endless(context.Background())
	})
	if took := ask(); !over.Load() || took > time.Minute {
		t.Errorf("an answer that was to come in an hour came in %v, when the lie was over: %v", took, over.Load())
	}
}
