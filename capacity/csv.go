package capacity

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// csvHead names the columns of points.csv; they are only ever added to, at the end. Latencies are milliseconds, rates per second.
var csvHead = []string{"run", "curve", "state", "set", "purpose", "rate", "bytes_per_second", "achieved", "delivered", "validity", "why", "held", "missed",
	"ack_count", "ack_p50_ms", "ack_p90_ms", "ack_p99_ms", "ack_p99_9_ms", "ack_max_ms", "ack_censored", "e2e_p50_ms", "e2e_p99_ms", "e2e_p99_9_ms", "lag_p99_ms", "backlog", "backlog_growth",
	"errors", "settled", "settling_s", "measured_s", "machine_idle", "generator_cpu", "node", "node_cpu", "node_cpu_limit", "node_memory_bytes", "node_disk_write", "node_net_in", "node_net_out",
	"started", "folder"}

// CSV writes every point for a spreadsheet, a line each: points.csv. Of what brokers used, it tells that of the one which used most of its processors.
func CSV(w io.Writer, r *Result) error {
	out := csv.NewWriter(w)
	_ = out.Write(csvHead) // its error comes again from Flush
	for i := range r.Curves {
		c := &r.Curves[i]
		for j := range c.Points {
			_ = out.Write(csvRow(&c.Points[j], c.Name, c.State, strings.Join(sets(c.Set), " ")))
		}
	}
	for i := range r.Recoveries {
		_ = out.Write(csvRow(&r.Recoveries[i].Point, "recovery", "recovery", ""))
	}
	out.Flush()
	return out.Error()
}

func csvRow(p *Point, curve string, state State, set string) []string {
	u := &p.Used
	node := Use{}
	for _, n := range u.Nodes {
		if node.Name == "" || n.CPU > node.CPU {
			node = n
		}
	}
	idle := ""
	if u.Known {
		idle = plainNumber(u.Idle)
	}
	row := []string{p.ID, curve, string(state), set, string(p.Purpose), plainNumber(p.Rate), plainNumber(p.Bytes), plainNumber(p.Achieved), plainNumber(p.Delivered), string(p.Validity), p.Why,
		strconv.FormatBool(p.Held), strings.Join(p.Missed, "; "),
		strconv.FormatUint(p.Ack.Count, 10), millis(p.Ack.P50), millis(p.Ack.P90), millis(p.Ack.P99), millis(p.Ack.P999), millis(p.Ack.Max), strconv.FormatBool(p.Ack.AtLeast),
		millis(p.E2E.P50), millis(p.E2E.P99), millis(p.E2E.P999), millis(p.Lag.P99), strconv.FormatUint(p.Backlog, 10), plainNumber(p.Slope),
		strconv.FormatUint(p.Errors, 10), strconv.FormatBool(p.Settled), plainNumber(p.Settling.Seconds()), plainNumber(p.Measuring.Seconds()), idle, plainNumber(u.Generator.CPU),
		node.Name, plainNumber(node.CPU), plainNumber(node.CPULimit), strconv.FormatUint(node.Memory, 10), plainNumber(node.DiskWrite), plainNumber(node.NetIn), plainNumber(node.NetOut),
		p.Started.UTC().Format(time.RFC3339), p.Folder}
	for i, cell := range row {
		row[i] = inert(report.Plain(cell))
	}
	return row
}

// inert keeps a spreadsheet from taking words for a formula.
func inert(cell string) string {
	if _, err := strconv.ParseFloat(cell, 64); err != nil && cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
		return "'" + cell
	}
	return cell
}

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 3, 64)
}
