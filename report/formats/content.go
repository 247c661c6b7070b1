package formats

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seed-228c25e4/squall/report"
)

// What follows, and in the files of the same kind beside it, is what the views for people have in common: words, and rows of words. Each view sets them
// in its own way, and makes harmless what its own readers would obey.

// A row is a line of a table, a cell each. The first names it.
type row []string

// runRows tell what was run, and where.
func runRows(r *report.Report) []row {
	b := &r.Run.Broker
	rows := []row{
		{"scenario", fmt.Sprintf("%s (seed %d)", r.Run.Scenario, r.Run.Seed)},
		{"broker", fmt.Sprintf("%s, %s, %s", b.Kind, b.Testbed, strings.Join(b.Nodes, " "))},
	}
	if b.Emulated != "" {
		rows = append(rows, row{"emulated", b.Emulated})
	}
	for _, i := range b.Images {
		rows = append(rows, row{"image", strings.TrimSpace(fmt.Sprintf("%s (%s) %s", i.Name, i.Role, shortDigest(i.Digest)))})
		if i.Note != "" {
			rows = append(rows, row{"", i.Note})
		}
	}
	if c := r.Run.Calibration; c != nil {
		rows = append(rows, row{"headroom", c.String()})
	}
	rows = append(rows, row{"load", r.Run.Load})
	rows = append(rows, under("clients", settings(r.Run.Client))...)
	rows = append(rows, under("not seen", r.Run.Host.Unseen)...)
	return append(rows, row{"contract", r.Run.Contract.Survives},
		row{"took", fmt.Sprintf("%s, started %s", report.Human(r.Run.Took), r.Run.Started.UTC().Format(time.RFC3339))})
}

// under puts a row's name before the first of several lines only.
func under(name string, lines []string) (rows []row) {
	for i, line := range lines {
		rows = append(rows, row{[]string{name, ""}[min(i, 1)], line})
	}
	return rows
}

// touches tell what was done by hand.
func touches(r *report.Report) []string {
	acts := make([]string, len(r.Run.Touched))
	for i, a := range r.Run.Touched {
		acts[i] = printable(fmt.Sprintf("%s (%s)", a, utc(r, a.At)))
	}
	return acts
}

// settings tells the clients' settings, a line for the preset and one for each side of the load.
func settings(client map[string]string) []string {
	sides := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(client)) {
		side, setting, found := strings.Cut(name, ".")
		if found && client[name] != "" {
			sides[side] = append(sides[side], setting+" "+client[name])
		}
	}
	var lines []string
	if preset := client["preset"]; preset != "" {
		lines = append(lines, "preset "+preset)
	}
	for _, side := range slices.Sorted(maps.Keys(sides)) {
		lines = append(lines, side+": "+strings.Join(sides[side], ", "))
	}
	return lines
}

// fileNames tell a run's files by their places in the folder that its report is in: a view goes where that folder goes.
func fileNames(files []string) (names []string) {
	base := func(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }
	at := max(0, slices.IndexFunc(files, func(f string) bool { return base(f) == "report.json" }))
	for _, f := range files {
		folder := strings.TrimSuffix(files[at], base(files[at]))
		name, inside := strings.CutPrefix(f, folder)
		if !inside || name == "" {
			name = base(f)
			if rel, err := filepath.Rel(filepath.Dir(files[at]), f); err == nil {
				name = rel
			}
		}
		names = append(names, name)
	}
	return names
}

func shortDigest(digest string) string {
	_, hex, _ := strings.Cut(digest, ":")
	return hex[:min(12, len(hex))]
}

func findings(all []report.Finding) []string {
	var lines []string
	for _, f := range all {
		lines = append(lines, f.Text)
	}
	return lines
}

// disturbances tells the first of each kind, and how many more there were.
func disturbances(all []report.Disturbance) []string {
	var lines []string
	first, more := map[report.DisturbanceKind]int{}, map[report.DisturbanceKind]int{}
	for _, d := range all {
		if more[d.Kind]++; more[d.Kind] == 1 {
			first[d.Kind] = len(lines)
			lines = append(lines, d.String())
		}
	}
	for kind, at := range first {
		if n := more[kind] - 1; n > 0 {
			lines[at] += fmt.Sprintf("; %d more like it", n)
		}
	}
	return lines
}

// crashes quotes the last words of brokers that died by themselves.
func crashes(r *report.Report) []string {
	const words = 5
	var lines []string
	for _, c := range r.Crashes {
		how := ""
		if c.OutOfMemory {
			how = ", ended by the kernel for want of memory"
		}
		lines = append(lines, fmt.Sprintf("%s at %s%s; the last that it wrote:", c.Node, at(r, c.At), how))
		for _, l := range c.Log[max(0, len(c.Log)-words):] {
			lines = append(lines, "  "+printable(l))
		}
	}
	return lines
}

// printable leaves out what a terminal would obey.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, line)
}

// expectationRows tell each expectation, what it got, and why it could not be judged.
func expectationRows(all []report.Judged) []row {
	words := map[report.Outcome]string{report.Pass: "ok", report.Fail: "MISSED", report.Inconclusive: "unknown"}
	var rows []row
	for _, e := range all {
		cells := row{words[e.Outcome], e.Text, "got " + e.Got}
		if e.Why != "" {
			cells = append(cells, e.Why)
		}
		rows = append(rows, cells)
	}
	return rows
}

func backlog(b *report.Backlog) string {
	return fmt.Sprintf("%s messages at its peak; down to a second of load %s", report.Thousands(b.Peak), figure(b.Drained, "the consumers began", "at once"))
}

func moment(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return d.Round(time.Millisecond).String()
}
