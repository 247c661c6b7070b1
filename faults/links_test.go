package faults_test

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/faults"
)

// apiVersions is a request that every Kafka broker answers at once.
var apiVersions = []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff}

// roundTrip asks b1 on the producers' path; an error: no answer came in time.
func roundTrip(t *testing.T, c broker.Cluster, within time.Duration) (time.Duration, error) {
	t.Helper()
	e := c.Endpoint(broker.Producers)
	dial := e.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(t.Context(), "tcp", e.Addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begun := time.Now()
	_ = conn.SetDeadline(begun.Add(within))
	if _, err := conn.Write(apiVersions); err != nil {
		return 0, err
	}
	_, err = io.ReadFull(conn, make([]byte, 4))
	return time.Since(begun), err
}

func injected(t *testing.T, f faults.Fault, v faults.Victims) faults.Revert {
	t.Helper()
	revert, err := f.Inject(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return func(context.Context) error {
		if err := revert(t.Context()); err != nil {
			t.Fatal(err)
		}
		return nil
	}
}

// Faults of several kinds on one real link add up, and whichever goes first takes away only its own.
func TestFaultsOnOneLinkAddUp(t *testing.T) {
	c, err := embedded.Kafka(t.Context(), embedded.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	links := slices.DeleteFunc(slices.Clone(c.Links()), func(l broker.Link) bool { return l.From() != broker.Producers })
	onLink, onNode := faults.Victims{Links: links, Cluster: c}, faults.Victims{Nodes: c.Nodes(), Cluster: c}
	isolate := func() faults.Fault {
		k, _ := faults.FindKind("isolate")
		f := k.New().(*faults.Isolate)
		f.From = "clients"
		return f
	}
	slow := &faults.Latency{Add: 150 * time.Millisecond}
	expect := func(when string, least time.Duration, answers bool) {
		t.Helper()
		within := 700 * time.Millisecond
		if answers {
			within = 20 * time.Second
		}
		got, err := roundTrip(t, c, within)
		if (err == nil) != answers || answers && got < least {
			t.Errorf("%s: a round trip took %v, %v; want an answer: %v, after %v", when, got, err, answers, least)
		}
	}
	fastest := func(when string) { // below what is added, however busy the machine is
		t.Helper()
		for range 50 {
			if got, err := roundTrip(t, c, 20*time.Second); err == nil && got < 300*time.Millisecond {
				return
			}
		}
		t.Errorf("%s: the link is still slow", when)
	}
	fastest("before")
	for _, cutFirst := range []bool{true, false} {
		delayed := injected(t, slow, onLink)
		expect("slow", 300*time.Millisecond, true)
		cut := injected(t, isolate(), onNode)
		expect("slow and cut", 0, false)
		if cutFirst {
			_ = cut(t.Context())
			expect("slow, no longer cut", 300*time.Millisecond, true)
			_ = delayed(t.Context())
		} else {
			_ = delayed(t.Context())
			expect("cut, no longer slow", 0, false)
			_ = cut(t.Context())
		}
		fastest("afterwards")
	}
}
