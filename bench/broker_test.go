package bench_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
)

const (
	topicName  = "bench"
	partitions = 6

	// childVariable makes this program the broker of another one of its kind.
	childVariable = "SQUALL_BENCH_BROKER"
)

func TestMain(m *testing.M) {
	if os.Getenv(natsVariable) != "" {
		serveNATS(os.Args[len(os.Args)-1])
		return
	}
	if kind := os.Getenv(childVariable); kind != "" {
		serve(kind)
		return
	}
	os.Exit(m.Run())
}

// fake starts one kfake broker. A null broker checks what it is sent and forgets it; the others keep it in memory.
func fake(null bool) (*kfake.Cluster, error) {
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(partitions, topicName)}
	if null {
		opts = append(opts, kfake.BlackholeProduce())
	}
	return kfake.NewCluster(opts...)
}

// serve is a broker until the parent closes its standard input.
func serve(kind string) {
	c, err := fake(kind == "null")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(c.ListenAddrs(), ","))
	_, _ = io.Copy(io.Discard, os.Stdin)
	c.Close()
}

// inside starts a broker in this process, and outside in one of its own, so that the processor time of this one is the client's alone.
func inside(t testing.TB, null bool) *place {
	t.Helper()
	c, err := fake(null)
	if err != nil {
		t.Fatal(err)
	}
	return newPlace(c.ListenAddrs(), c.Close)
}

func outside(t testing.TB, null bool) *place {
	t.Helper()
	kind := "store"
	if null {
		kind = "null"
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+kind)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return newPlace(strings.Split(strings.TrimSpace(line), ","), func() {
		in.Close()
		_ = child.Wait()
	})
}

// A place is a cluster of one broker at an address, and nothing else.
type place struct {
	broker.Cluster
	nodes  []broker.Node
	addrs  []string
	client broker.ProducerSettings
	group  string // of the consumers
	close  func()
	driver func(broker.Cluster, broker.Settings, broker.Clock, uint64) (broker.Driver, error)
	way    func(client string) broker.Endpoint // nil: straight to addrs
}

func newPlace(addrs []string, end func()) *place {
	return &place{nodes: []broker.Node{node{}}, addrs: addrs, close: end, driver: kafka.New,
		client: broker.ProducerSettings{Acks: "all", Idempotent: true, Buffer: buffer, DeliveryTimeout: time.Minute}}
}

func (p *place) Nodes() []broker.Node { return p.nodes }
func (p *place) Links() []broker.Link { return nil }
func (p *place) Describe() broker.Description {
	return broker.Description{Testbed: "process of its own"}
}
func (p *place) Endpoint(client string) broker.Endpoint {
	if p.way != nil {
		return p.way(client)
	}
	return broker.Endpoint{Addrs: p.addrs}
}

type node struct{ broker.Node }

func (node) Name() string { return "b1" }
func (node) ID() string   { return "0" }
