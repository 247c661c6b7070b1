package main_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A broker that the kernel ends because its pod's memory is used up was ended by the host, outside every fault: nobody can know whether it would have
// kept what it promised. Until then the run shows no sign of throttling or want of memory.
func TestContainersOutOfMemory(t *testing.T) {
	p := squallRun(t, "name: starved\n"+strings.Replace(oneNode, "baseline: 60s", "baseline: 20s", 1))
	p.until("the baseline", inBaseline)
	name := "squall-" + runID(t, p) + "-b1-broker"
	docker := func(args ...string) {
		if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
			t.Logf("docker %v: %v: %s", args, err, out) // what is in a container that ends, ends badly
		}
	}
	time.Sleep(3 * time.Second)
	docker("update", "--memory", "900m", "--memory-swap", "900m", name)
	// Many programs want some: the broker is the largest, and goes first.
	docker("exec", name, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do (head -c 60m /dev/zero; sleep 8) | tail > /dev/null & done; wait")
	p.until("the broker's end", func(e report.Event) bool { return e.Type == report.EventNode })
	docker("update", "--memory", "1500m", "--memory-swap", "3000m", name)
	docker("start", name)
	p.wait()
	r := p.report()
	t.Logf("%s; %v", r.Verdict.Sentence, r.Disturbances)
	if len(r.Crashes) != 1 || !r.Crashes[0].OutOfMemory {
		t.Errorf("crashes: %+v", r.Crashes)
	}
	if r.Verdict.Outcome != report.Inconclusive || !strings.Contains(r.Verdict.Sentence, "the kernel ended b1 at ") {
		t.Errorf("verdict: %s", r.Verdict.Sentence)
	}
	if len(r.Run.Host.Unseen) > 0 {
		t.Logf("not seen: %v", r.Run.Host.Unseen)
	}
	for i := range r.Windows {
		w := &r.Windows[i]
		if w.Start < r.Crashes[0].At-5*time.Second && w.Host != nil && (len(w.Host.Throttled) > 0 || len(w.Host.OOMKills) > 0) {
			t.Errorf("before anything was done, second %d shows %+v", i, w.Host)
		}
	}
}
