package report

import (
	"fmt"
	"testing"
	"time"
)

// What a client tries again and again is one event; what came too fast is counted, and leaves room for what comes later.
func TestClientLog(t *testing.T) {
	const s = time.Second
	start := time.Unix(1000, 0)
	var l ClientLog
	add := func(at time.Duration, client, kind, node, detail string) {
		l.Add(at, start.Add(at), ClientEvent{Client: client, Kind: kind, Node: node, Detail: detail})
	}
	if l.Clients() != nil {
		t.Error("something of nothing")
	}
	for i := range 10 {
		add(s+time.Duration(i)*s/2, "producer-0", "lost", "b1", fmt.Sprintf("port %d: refused", i))
		add(s+time.Duration(i)*s/2, "producer-0", "lost", "b2", "reset")
	}
	add(9*s, "producer-0", "lost", "b1", "EOF")
	add(9*s, "consumer-0", "assigned", "", "t [1]")
	add(9*s+1, "consumer-0", "assigned", "", "t [2]")
	c := l.Clients()
	if len(c.Events) != 5 || c.Left != 0 {
		t.Fatalf("%+v", c)
	}
	first := ClientMoment{At: s, UTC: start.Add(s), Client: "producer-0", Kind: "lost", Node: "b1", Detail: "port 9: refused", Times: 10, Last: 5500 * time.Millisecond}
	if c.Events[0] != first || c.Events[0].String() != "producer-0 lost b1: port 9: refused (10 times in 4.5s)" {
		t.Errorf("%+v %s", c.Events[0], c.Events[0])
	}
	if text := c.Events[4].String(); text != "consumer-0 assigned: t [2]" {
		t.Error(text)
	}
	for i := range 1000 {
		add(100*s, fmt.Sprintf("producer-%d", i), "lost", "b1", "")
	}
	add(111*s, "producer-0", "connected", "b1", "")
	c = l.Clients()
	if n := len(c.Events); n != 5+mostClientBurst+1 || c.Events[n-1].Kind != "connected" || c.Left != 1000-mostClientBurst {
		t.Errorf("%d events, %d left", n, c.Left)
	}
	for i := range 2 * mostClientEvents {
		add(time.Duration(200+20*i)*s, "producer-0", "lost", "b1", "")
	}
	if n := len(l.Clients().Events); n != mostClientEvents {
		t.Errorf("%d events", n)
	}
}
