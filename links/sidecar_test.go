package links

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// start runs a sidecar with one proxy, and returns its Control and the proxy's address.
func start(t *testing.T) (*Remote, string, string) {
	t.Helper()
	api, addr := free(t), free(t)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := Serve(ctx, SidecarConfig{Listen: api, Token: "secret", Proxies: []ProxySpec{{"p", addr, echo(t)}}}); err != nil {
			t.Error(err)
		}
	})
	r := NewRemote(api, "secret")
	t.Cleanup(func() { r.Close(); cancel(); all.Wait() })
	if err := r.Touch(t.Context()); err != nil { // it answers: everything listens
		t.Fatal(err)
	}
	return r, api, addr
}

// free is an address at which nobody listens: of those that no outgoing connection is given meanwhile.
func free(t *testing.T) string {
	t.Helper()
	for range 50 {
		addr := fmt.Sprintf("127.0.0.1:%d", lowestPort+rand.IntN(highestPort-lowestPort))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

func TestRemote(t *testing.T) {
	r, _, addr := start(t)
	b := &bed{T: t, set: NewSet(), addr: addr}
	b.link = b.set.Add("b1", "b2", broker.PlaneData, "p", r)
	c := b.dial()
	b.ping(c)
	undo := b.impair(broker.Both(broker.Half{Delay: 30 * ms}))
	if d := b.ping(c); d < 60*ms {
		t.Errorf("a round trip took %v, want 60 ms and more", d)
	}
	undo()
	if got, want := b.counts(), (broker.LinkTraffic{Requests: 8, Replies: 8, Open: 1, Made: 1}); got != want {
		t.Errorf("traffic %+v, want %+v", got, want)
	}
	err := r.Apply(t.Context(), map[string][]broker.Impairment{"q": {}})
	if err == nil || !strings.Contains(err.Error(), `no proxy is named "q"`) {
		t.Errorf("an unknown proxy: %v", err)
	}
}

func TestSidecarWantsItsToken(t *testing.T) {
	_, api, _ := start(t)
	stranger := NewRemote(api, "guessed")
	defer stranger.Close()
	if err := stranger.Apply(t.Context(), map[string][]broker.Impairment{"p": {{Refuse: true}}}); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("without the token: %v", err)
	}
	for _, path := range []string{"/", pathTraffic, pathLease} {
		resp, err := http.Get("http://" + api + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without the token: %s", path, resp.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestLease(t *testing.T) {
	r, _, _ := start(t)
	const silent = 400 * ms
	time.Sleep(silent)
	for range 2 { // the first question must not count as a sign of life
		if idle, err := r.Idle(t.Context()); err != nil || idle < silent {
			t.Fatalf("idle for %v, %v; want %v and more", idle, err, silent)
		}
	}
	touched := time.Now()
	if err := r.Touch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if idle, err := r.Idle(t.Context()); err != nil || idle > time.Since(touched) {
		t.Fatalf("idle for %v, %v; it was heard of %v ago", idle, err, time.Since(touched))
	}
}

func TestRemoteWithoutSidecar(t *testing.T) {
	r := NewRemote(free(t), "secret")
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*ms)
	defer cancel()
	if err := r.Touch(ctx); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestSidecarMain(t *testing.T) {
	if err := SidecarMain(t.Context()); err == nil || !strings.Contains(err.Error(), SidecarEnv) {
		t.Errorf("without a configuration: %v", err)
	}
	config, err := json.Marshal(SidecarConfig{Listen: "127.0.0.1:0", Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(SidecarEnv, string(config))
	ctx, cancel := context.WithTimeout(t.Context(), 50*ms)
	defer cancel()
	if err := SidecarMain(ctx); err != nil {
		t.Error(err)
	}
}
