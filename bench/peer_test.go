package bench_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/loadgen"
	"github.com/seed-228c25e4/squall/testcontainers"
)

const (
	peerImage  = "squall/kafka:4.3.1"
	peerWarmUp = 6 * time.Second // a JVM compiles what it runs often
	tick       = 10 * time.Millisecond
)

// peer compares the processor time of squall's process with that of kafka-producer-perf-test's JVM, on the same real broker.
func (b *bench) peer(t *testing.T) {
	at := onKafka(t)
	b.line("One Kafka 4.3.1 broker in a container, reached without a proxy; the broker's own work is in neither figure. Both sides: acks all, idempotent, "+
		"linger 5 ms, batches of 16 KiB, no compression, %d partitions, bodies made ahead; kafka-producer-perf-test in a container on the host's network with "+
		"the heap and flags of its script. Counted is what the broker's logs grew by, after %v of warm-up. squall verifies; its peer does not.\n", partitions,
		peerWarmUp)
	b.circumstances()
	b.table("size", "rate asked for", "CPU ratio", "squall: ns CPU a message", "peer: ns CPU a message", "squall: k messages/s", "peer: k messages/s")
	for _, tr := range []trial{{size: 100, rate: 100e3}, {size: 1024, rate: 25e3}, {size: 100}} {
		var ours, theirs []cost
		for range b.rounds {
			ours, theirs = append(ours, at.squall(t, tr, b.length)), append(theirs, at.peer(t, tr, b.length))
		}
		kilo := func(c cost) float64 { return c.rate() / 1000 }
		rate := "flat out"
		if tr.rate > 0 {
			rate = fmt.Sprintf("%.0fk/s", tr.rate/1000)
		}
		b.row(fmt.Sprintf("%d B", tr.size), rate, spread(ratios(column(ours, cost.nanos), column(theirs, cost.nanos)), "%.2f"),
			spread(column(ours, cost.nanos), "%.0f"), spread(column(theirs, cost.nanos), "%.0f"),
			spread(column(ours, kilo), "%.0f"), spread(column(theirs, kilo), "%.0f"))
	}
}

// A realPlace is one Kafka broker in a container.
type realPlace struct {
	place
	eyes broker.Driver
}

// onKafka starts the broker, which the test's end removes.
func onKafka(t *testing.T) *realPlace {
	c := oneNode(t, testcontainers.Options{Image: peerImage, Heap: "1g", Config: map[string]string{"log.retention.check.interval.ms": "1000"}})
	p := &realPlace{place: *newPlace(c.Endpoint(broker.Observer).Addrs, func() {})}
	p.nodes, p.client.Linger, p.client.BatchBytes = c.Nodes(), 5*time.Millisecond, 16384
	var err error
	if p.eyes, err = kafka.New(p, broker.Settings{Nodes: 1}, broker.NewClock(), runID); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.eyes.Close() })
	kept := topic
	kept.Config = map[string]string{"retention.bytes": "67108864", "segment.bytes": "33554432"}
	if err := p.eyes.CreateTopic(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	if err := p.eyes.Ready(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	return p
}

// stored is how many messages the broker was given so far.
func (p *realPlace) stored(t *testing.T) uint64 {
	ends, err := p.eyes.(broker.Ends).Ends(t.Context(), topicName)
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for _, r := range ends {
		n += uint64(r.End)
	}
	return n
}

// measure looks at a process for a while.
func (p *realPlace) measure(t *testing.T, length time.Duration, cpu func() time.Duration) cost {
	time.Sleep(peerWarmUp)
	n, at, used := p.stored(t), time.Now(), cpu()
	time.Sleep(length)
	c := cost{cpu: cpu() - used, elapsed: time.Since(at), messages: p.stored(t) - n}
	if c.messages == 0 || c.cpu == 0 {
		t.Fatal("nothing was measured")
	}
	return c
}

func (p *realPlace) squall(t *testing.T, tr trial, length time.Duration) cost {
	rate := tr.rate
	if rate == 0 {
		rate = flood
	}
	e := newEngine(t, &p.place, tr.size, loadgen.Constant{Rate: rate}, false, loadgen.Economical)
	e.begin(false)
	c := p.measure(t, length, func() time.Duration { return processorTime(t) })
	e.end()
	return c
}

// peer runs kafka-producer-perf-test with what its own script gives the JVM.
func (p *realPlace) peer(t *testing.T, tr trial, length time.Duration) cost {
	rate, most := "-1", 30_000_000 // bounded, should nobody be left to end it
	if tr.rate > 0 {
		rate, most = strconv.Itoa(int(tr.rate)), int(tr.rate)*60
	}
	args := []string{"run", "--detach", "--rm", "--network", "host", "--volume", payload(t, tr.size) + ":/payload:ro", "--entrypoint", "java", peerImage,
		"-Xmx512M", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent",
		"@/opt/kafka/classpath", "org.apache.kafka.tools.ProducerPerformance", "--topic", topicName, "--num-records", strconv.Itoa(most), "--throughput", rate,
		"--payload-file", "/payload", "--bootstrap-server", p.addrs[0], "--command-property", "acks=all", "linger.ms=5", "batch.size=16384"}
	id := docker(t, args...)
	defer docker(t, "rm", "--force", id)
	process := docker(t, "inspect", "--format", "{{.State.Pid}}", id)
	return p.measure(t, length, func() time.Duration { return processorTimeOf(t, process) })
}

// payload is a file of many bodies of a size, a line each.
func payload(t *testing.T, size int) string {
	var lines strings.Builder
	body := make([]byte, size/2)
	for range 256 {
		_, _ = rand.Read(body)
		lines.WriteString(hex.EncodeToString(body) + "\n")
	}
	path := filepath.Join(t.TempDir(), "payload")
	if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func docker(t *testing.T, args ...string) string {
	out, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v: %s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

// processorTimeOf reads the user and system time of another process, in ticks of the kernel.
func processorTimeOf(t *testing.T, process string) time.Duration {
	stat, err := os.ReadFile("/proc/" + process + "/stat")
	if err != nil {
		t.Skipf("NOT MEASURED: the engine's processes are not this machine's: %v", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name
	fields := strings.Fields(rest)
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		t.Fatal(err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * tick
}

// oneNode starts one broker in a container, which the test's end removes.
func oneNode(t *testing.T, o testcontainers.Options) broker.Cluster {
	t.Helper()
	if err := exec.Command("docker", "image", "inspect", o.Image).Run(); err != nil {
		t.Skipf("NOT MEASURED: no Docker engine with the image %s answers (make images builds it): %v", o.Image, err)
	}
	o.Nodes, o.Pull, o.Sidecar = 1, testcontainers.PullNever, filepath.Join(t.TempDir(), "squall")
	build := exec.Command("go", "build", "-o", o.Sidecar, "../cmd/squall")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the sidecar: %v: %s", err, out)
	}
	c, err := testcontainers.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}
