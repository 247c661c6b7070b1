package bench_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/loadgen"
)

const soakRate = 50e3

// soak looks at the memory of a long run, once a minute.
func (b *bench) soak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv(soakVariable))
	if err != nil || length < time.Minute {
		t.Skipf("set %s to how long the soak shall take, such as 10m, or use make bench-soak", soakVariable)
	}
	b.line("%.0fk messages of 100 B a second for %v, verified, to a broker in a process of its own that forgets what it is told. Live heap: what is left "+
		"behind a garbage collection; resident: all that the process has of the machine's memory. What a run keeps of each second for its report, a window with "+
		"its histograms, is in these figures. %s.\n", soakRate/1000, length, b.when())
	b.table("minute", "messages", "live heap", "resident", "cores")
	at := outside(t, true)
	defer at.close()
	e := newEngine(t, at, 100, loadgen.Constant{Rate: soakRate}, false, loadgen.Economical)
	e.begin(true)
	started, before := time.Now(), processorTime(t)
	for minute := 1; time.Since(started) < length; minute++ {
		time.Sleep(time.Until(started.Add(time.Duration(minute) * time.Minute)))
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		cpu := processorTime(t)
		b.row(strconv.Itoa(minute), fmt.Sprintf("%.1f M", float64(e.messages())/1e6), fmt.Sprintf("%.1f MiB", float64(m.HeapAlloc)/(1<<20)),
			fmt.Sprintf("%.1f MiB", float64(resident(t))/(1<<20)), fmt.Sprintf("%.2f", (cpu-before).Minutes()))
		before = cpu
	}
	_, windows := e.end()
	b.line("")
	most := 0.0
	for _, w := range windows[1 : len(windows)-1] {
		most = max(most, max(float64(w.Sent)-soakRate, soakRate-float64(w.Sent))/soakRate)
	}
	b.line("Largest rate error of any whole second: %.2f %%.", 100*most)
}

// resident is this process's memory in bytes, as the kernel counts it.
func resident(t *testing.T) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skipf("resident memory is read from /proc: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("the kernel does not tell the resident memory")
	return 0
}
