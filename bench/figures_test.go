package bench_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A cost is what one side used in one measurement.
type cost struct {
	messages uint64
	elapsed  time.Duration
	cpu      time.Duration
	allocs   uint64
}

func (c cost) rate() float64   { return float64(c.messages) / c.elapsed.Seconds() }
func (c cost) nanos() float64  { return float64(c.cpu) / float64(c.messages) }
func (c cost) allocd() float64 { return float64(c.allocs) / float64(c.messages) }

// measure looks at a side for a while, once it has run for long enough that all memory is there.
func measure(t testing.TB, messages func() uint64, warmUp, length time.Duration) cost {
	t.Helper()
	time.Sleep(warmUp)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, at, cpu := messages(), time.Now(), processorTime(t)
	time.Sleep(length)
	c := cost{messages: messages() - n, elapsed: time.Since(at), cpu: processorTime(t) - cpu}
	runtime.ReadMemStats(&after)
	c.allocs = after.Mallocs - before.Mallocs
	if c.messages == 0 {
		t.Fatal("nothing was measured")
	}
	return c
}

func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// spread is min / median / max.
func spread(values []float64, format string) string {
	s := slices.Clone(values)
	slices.Sort(s)
	return fmt.Sprintf(format+" / "+format+" / "+format, s[0], s[len(s)/2], s[len(s)-1])
}

func column(costs []cost, of func(cost) float64) []float64 {
	out := make([]float64, len(costs))
	for i, c := range costs {
		out[i] = of(c)
	}
	return out
}

func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

// A sheet is the page that the results are written on.
type sheet struct{ strings.Builder }

func (s *sheet) line(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

func (s *sheet) table(head ...string) {
	s.row(head...)
	s.line("|%s", strings.Repeat("---|", len(head)))
}

func (s *sheet) row(cells ...string) { s.line("| %s |", strings.Join(cells, " | ")) }

// circumstances say when and how a section was measured.
func (b *bench) circumstances() {
	b.line("%s. Each figure: %d rounds of %v, one side after the other in each, as min / median / max.\n", b.when(), b.rounds, b.length)
}

func (b *bench) when() string {
	commit, _ := exec.Command("git", "describe", "--always").Output()
	return fmt.Sprintf("Measured %s, commit %s", time.Now().UTC().Format(time.DateOnly), strings.TrimSpace(string(commit)))
}

// machine says what was measured on, without its name.
func machine() string {
	kernel, _ := exec.Command("uname", "-sr").Output()
	return fmt.Sprintf("Machine: %d cores, %s, %s, %s %s/%s.", runtime.NumCPU(), model(), strings.TrimSpace(string(kernel)), runtime.Version(),
		runtime.GOOS, runtime.GOARCH)
}

func model() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return cmp.Or(os.Getenv("PROCESSOR_IDENTIFIER"), "processor not told")
}
