package squall_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/host"
	"github.com/seed-228c25e4/squall/report"
)

// A condemned cluster's nodes are ended by the kernel whenever they end.
type condemned struct{ *embedded.Cluster }

func (c condemned) Nodes() (all []broker.Node) {
	for _, n := range c.Cluster.Nodes() {
		all = append(all, victim{n})
	}
	return all
}

type victim struct{ broker.Node }

func (v victim) Running(ctx context.Context) (bool, error) {
	return v.Node.(broker.Process).Running(ctx)
}

func (v victim) Vitals(ctx context.Context) (broker.Vitals, error) {
	running, err := v.Running(ctx)
	return broker.Vitals{Running: running, ExitCode: 137, OutOfMemory: !running, Used: -1}, err
}

// playOn runs a scenario on a cluster, and looks at a machine.
func playOn(t *testing.T, text string, machine *host.Machine, around func(*embedded.Cluster) broker.Cluster) *report.Report {
	t.Helper()
	s, bed := testbed(t, text)
	bed.Host, bed.Cluster = machine, around(bed.Cluster.(*embedded.Cluster))
	r, err := squall.Run(t.Context(), s, bed)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func plain(c *embedded.Cluster) broker.Cluster { return c }

// pretend keeps telling of a machine of which the hypervisor takes a share away, and nothing else.
func pretend(t *testing.T, stolen float64) *host.Machine {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "self"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		tmp := filepath.Join(dir, "new")
		if os.WriteFile(tmp, []byte(text), 0o600) != nil || os.Rename(tmp, filepath.Join(dir, name)) != nil {
			t.Errorf("%s cannot be written", name)
		}
	}
	began := time.Now()
	tell := func() {
		ticks := time.Since(began).Seconds() * 200 // of two processors
		write("stat", fmt.Sprintf("cpu  0 0 0 %d 0 0 0 %d 0 0\n", int(ticks*(1-stolen)), int(ticks*stolen)))
	}
	write("self/stat", "1 (squall) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0\n")
	tell()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				tell()
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended })
	return &host.Machine{Proc: dir, Cgroups: dir}
}

// What is missed on a machine that others were given is nobody's failure; on one that did nothing else it is.
func TestDisturbedRun(t *testing.T) {
	for name, c := range map[string]struct { // not beside others, which are what it is about
		stolen float64
		expect string
		want   report.Outcome
		says   string
	}{
		"missed while stolen from":          {0.3, "ack.p50 < 1ns", report.Inconclusive, "ack.p50 < 1ns: the host was disturbed: the hypervisor gave up to 3"},
		"missed on a machine that is quiet": {0.02, "ack.p50 < 1ns", report.Fail, "ack.p50 < 1ns: got "},
		"met while stolen from":             {0.3, "ack.p50 < 20s", report.Pass, "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			r := playOn(t, calmly+"expect: [ lost == 0, "+c.expect+" ]\n", pretend(t, c.stolen), plain)
			for _, f := range r.Validity {
				if f.Scope == report.ScopeSpeed {
					t.Skipf("NOT TESTED: this very machine was too busy: %s", f.Text)
				}
			}
			if r.Verdict.Outcome != c.want || !strings.Contains(r.Verdict.Sentence, c.says) {
				t.Errorf("%s\n%v", r.Verdict.Sentence, r.Disturbances)
			}
			for i := range r.Windows[:len(r.Windows)-1] {
				if r.Windows[i].Host == nil {
					t.Errorf("nobody looked at second %d", i)
				}
			}
			if got := strings.Join(r.Run.Host.Unseen, "\n"); strings.Contains(got, "steal") || !strings.Contains(got, "pressure on io") {
				t.Errorf("not seen: %s", got)
			}
		})
	}
}

// A broker that the kernel ended for want of memory did not crash by itself.
func TestBrokerIsEndedForMemory(t *testing.T) {
	t.Parallel()
	r := playOn(t, quietly+expectSafe, nil, func(c *embedded.Cluster) broker.Cluster {
		time.AfterFunc(2500*time.Millisecond, func() { _ = c.Nodes()[0].Kill(context.Background()) })
		time.AfterFunc(4500*time.Millisecond, func() { _ = c.Nodes()[0].Start(context.Background()) })
		return condemned{c}
	})
	if len(r.Crashes) != 1 || !r.Crashes[0].OutOfMemory || r.Verdict.Outcome != report.Inconclusive || !strings.Contains(r.Verdict.Sentence, "the kernel ended b1 at ") {
		t.Errorf("crashes %+v, %s", r.Crashes, r.Verdict.Sentence)
	}
}
