package bench_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var benchLine = regexp.MustCompile(`(?m)^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// parts runs the benchmarks of the rooms that are on a message's path. Each is an operation a message; bytes is a histogram's size.
func (b *bench) parts(t *testing.T) {
	b.line("Nanoseconds a message, min / median / max of %d rounds of 200 ms. Allocations are for an operation, which is a message, or in the ledger a batch, "+
		"and the worst of all rounds; `bytes` is the size of one histogram. %s.\n", b.rounds, b.when())
	b.table("part", "ns a message", "B allocated", "allocations", "bytes")
	for _, room := range []struct{ name, pattern string }{{"broker", "Envelope"}, {"loadgen", "."}, {"ledger", "Ledger"}} {
		out, err := exec.Command("go", "test", "-run", "^$", "-bench", room.pattern, "-benchmem", "-benchtime", "200ms", "-count", strconv.Itoa(b.rounds),
			"../"+room.name).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var names []string
		figures := map[string]map[string][]float64{} // by benchmark and unit
		for _, m := range benchLine.FindAllStringSubmatch(string(out), -1) {
			if figures[m[1]] == nil {
				names, figures[m[1]] = append(names, m[1]), map[string][]float64{}
			}
			fields := strings.Fields(m[2])
			for i := 0; i+1 < len(fields); i += 2 {
				if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
					figures[m[1]][fields[i+1]] = append(figures[m[1]][fields[i+1]], v)
				}
			}
		}
		for _, name := range names {
			of := figures[name]
			nanos := of["ns/op"]
			if each := of["ns/record"]; each != nil {
				nanos = each
			}
			b.row(room.name+" "+name, spread(nanos, "%.1f"), worst(of["B/op"]), worst(of["allocs/op"]), worst(of["bytes"]))
		}
	}
}

// worst is the greatest of some figures, or nothing.
func worst(values []float64) string {
	if len(values) == 0 {
		return ""
	}
	most := values[0]
	for _, v := range values {
		most = max(most, v)
	}
	return strconv.FormatFloat(most, 'f', -1, 64)
}
