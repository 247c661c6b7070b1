package testcontainers_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// executable is what the sidecars run, and engine is set when Docker answers.
var (
	executable string
	engine     *client.Client
	whyNot     error
)

// childEnv makes the test binary start a cluster and wait to be killed.
const childEnv = "SQUALL_TEST_CHILD"

func TestMain(m *testing.M) {
	if run := os.Getenv(childEnv); run != "" {
		child(run)
	}
	os.Exit(inDocker(m))
}

func inDocker(m *testing.M) int {
	if whyNot = prepare(); whyNot == nil {
		defer engine.Close()
	}
	dir, err := os.MkdirTemp("", "squall")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if executable = os.Getenv("SQUALL_EXECUTABLE"); executable == "" && whyNot == nil {
		executable = filepath.Join(dir, "sidecar")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", executable, "./testdata/sidecar")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the sidecar: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

func prepare() (err error) {
	if engine, err = client.New(client.FromEnv); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = engine.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	return err
}

// needDocker skips aloud where no Docker answers, and fails where it is required.
func needDocker(t *testing.T) {
	t.Helper()
	if os.Getenv("SQUALL_NO_DOCKER") != "" {
		t.Skip("NOT TESTED: SQUALL_NO_DOCKER is set")
	}
	if whyNot == nil {
		return
	}
	if os.Getenv("SQUALL_REQUIRE_DOCKER") == "1" {
		t.Fatalf("no Docker engine answers, and SQUALL_REQUIRE_DOCKER=1: %v", whyNot)
	}
	t.Skipf("NOT TESTED: no Docker engine answers: %v", whyNot)
}

// start starts a cluster that is gone after the test.
func start(t *testing.T, o testcontainers.Options) broker.Cluster {
	t.Helper()
	needDocker(t)
	o.Sidecar = executable
	began := time.Now()
	o.Progress = func(s string) { t.Logf("%5.1f s %s", time.Since(began).Seconds(), s) }
	c, err := testcontainers.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%5.1f s brokers answer", time.Since(began).Seconds())
	t.Cleanup(func() {
		began := time.Now()
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
		t.Logf("closed in %.1f s", time.Since(began).Seconds())
	})
	return c
}

func connect(t *testing.T, c broker.Cluster, name string, o ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.Endpoint(name).Addrs...),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }),
	}, o...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// topic makes a topic of one partition with a replica on every node, and waits until all are in sync.
func topic(t *testing.T, c broker.Cluster, name string) {
	t.Helper()
	began := time.Now()
	n := len(c.Nodes())
	cl := connect(t, c, broker.Observer)
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		m, err := metadata(ctx, cl)
		if err == nil && (len(m.Brokers) < n || m.ControllerID < 0) {
			err = fmt.Errorf("%d of %d brokers are registered", len(m.Brokers), n)
		}
		return err
	})
	min := strconv.Itoa(1 + n/2)
	resp, err := kadm.NewClient(cl).CreateTopic(t.Context(), 1, int16(n), map[string]*string{"min.insync.replicas": &min}, name)
	if err != nil || resp.Err != nil {
		t.Fatal(err, resp.Err)
	}
	inSync(t, c, name)
	t.Logf("topic %s ready in %.1f s", name, time.Since(began).Seconds())
}

func inSync(t *testing.T, c broker.Cluster, name string) {
	t.Helper()
	cl := connect(t, c, broker.Observer)
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		m, err := metadata(ctx, cl, name)
		if err != nil {
			return err
		}
		for _, p := range m.Topics[0].Partitions {
			if p.ErrorCode != 0 || len(p.ISR) < len(c.Nodes()) {
				return fmt.Errorf("%v, in sync: %v", kerr.ErrorForCode(p.ErrorCode), p.ISR)
			}
		}
		if len(m.Topics[0].Partitions) == 0 {
			return fmt.Errorf("no partition: %v", kerr.ErrorForCode(m.Topics[0].ErrorCode))
		}
		return nil
	})
}

// metadata asks for itself: what the client library knows already may be old.
func metadata(ctx context.Context, cl *kgo.Client, topics ...string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	for _, name := range topics {
		rt := kmsg.NewMetadataRequestTopic()
		rt.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, rt)
	}
	return req.RequestWith(ctx, cl)
}

// eventually repeats what until it returns nil.
func eventually(t *testing.T, within time.Duration, what func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		one, done := context.WithTimeout(ctx, 3*time.Second)
		err := what(one)
		done()
		if err == nil {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("not within %v: %v", within, err)
		}
	}
}

// produce sends one message and waits for its acknowledgement.
func produce(ctx context.Context, cl *kgo.Client, topic string) error {
	return cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("value")}).FirstErr()
}

func node(t *testing.T, c broker.Cluster, id int32) broker.Node {
	t.Helper()
	for _, n := range c.Nodes() {
		if n.ID() == strconv.Itoa(int(id)) {
			return n
		}
	}
	t.Fatalf("no node has id %d", id)
	return nil
}

// left counts what carries a run's label.
func left(t *testing.T, run string) (containers, networks, volumes int) {
	t.Helper()
	f := make(client.Filters).Add("label", "dev.squall.run="+run)
	c, err := engine.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: f})
	if err != nil {
		t.Fatal(err)
	}
	n, err := engine.NetworkList(t.Context(), client.NetworkListOptions{Filters: f})
	if err != nil {
		t.Fatal(err)
	}
	v, err := engine.VolumeList(t.Context(), client.VolumeListOptions{Filters: f})
	if err != nil {
		t.Fatal(err)
	}
	return len(c.Items), len(n.Items), len(v.Items)
}

// kills is how often something is killed: SQUALL_KILLS is for soaks.
func kills(n int) int {
	if k, err := strconv.Atoi(os.Getenv("SQUALL_KILLS")); err == nil {
		return k
	}
	return n
}
