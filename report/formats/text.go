package formats

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/seed-228c25e4/squall/report"
)

// Text writes a report for a terminal, at most 100 columns wide where the content allows it: the verdict first, then what it rests on.
func Text(w io.Writer, r *report.Report) error {
	t := &text{w: w}
	t.verdict(r)
	t.run(r)
	t.list("Not valid", findings(r.Validity))
	t.list("Disturbed by what is no part of the run", disturbances(r.Disturbances))
	t.list("Died outside any fault", crashes(r.Crashes))
	t.list("To know", r.Findings)
	t.safety(&r.Safety)
	t.expectations(r.Expectations)
	t.faults(r)
	if b := r.Backlog; b != nil {
		t.list("Backlog of consumers that began late", []string{fmt.Sprintf("%s messages at its peak; down to a second of load %s", report.Thousands(b.Peak),
			figure(b.Drained, "the consumers began", "at once"))})
	}
	t.latency(r)
	t.generator(r)
	t.list("Files", r.Files)
	return t.err
}

type text struct {
	w   io.Writer
	err error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

func (t *text) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	t.line("\n%s", title)
	for _, s := range items {
		t.line("  %s", s)
	}
}

// table writes rows of cells that are separated by tabs, aligned.
func (t *text) table(title string, rows []string) {
	t.line("\n%s", title)
	tw := tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if t.err == nil {
			_, t.err = fmt.Fprintf(tw, "  %s\n", row)
		}
	}
	if t.err == nil {
		t.err = tw.Flush()
	}
}

func (t *text) verdict(r *report.Report) {
	t.line("%s", strings.ToUpper(string(r.Verdict.Outcome)))
	t.line("%s", r.Verdict.Sentence)
	if touched := r.Run.Touched; len(touched) > 0 {
		acts := make([]string, len(touched))
		for i, a := range touched {
			acts[i] = printable(a.String())
		}
		t.line("touched by hand: %s", strings.Join(acts, ", "))
	}
}

func (t *text) run(r *report.Report) {
	b := &r.Run.Broker
	rows := []string{
		fmt.Sprintf("scenario\t%s (seed %d)", r.Run.Scenario, r.Run.Seed),
		fmt.Sprintf("broker\t%s, %s, %s", b.Kind, b.Testbed, strings.Join(b.Nodes, " ")),
	}
	if b.Emulated != "" {
		rows = append(rows, "emulated\t"+b.Emulated)
	}
	for _, i := range b.Images {
		rows = append(rows, strings.TrimSpace(fmt.Sprintf("image\t%s (%s) %s", i.Name, i.Role, shortDigest(i.Digest))))
		if i.Note != "" {
			rows = append(rows, "\t"+i.Note)
		}
	}
	if c := r.Run.Calibration; c != nil {
		rows = append(rows, "headroom\t"+c.String())
	}
	rows = append(rows, "load\t"+r.Run.Load)
	for i, line := range settings(r.Run.Client) {
		rows = append(rows, []string{"clients", ""}[min(i, 1)]+"\t"+line)
	}
	for i, line := range r.Run.Host.Unseen {
		rows = append(rows, []string{"not seen", ""}[min(i, 1)]+"\t"+line)
	}
	rows = append(rows, "contract\t"+r.Run.Contract.Survives,
		fmt.Sprintf("took\t%s, started %s", report.Human(r.Run.Took), r.Run.Started.UTC().Format(time.RFC3339)))
	t.table("Run", rows)
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
func crashes(all []report.Crash) []string {
	const words = 5
	var lines []string
	for _, c := range all {
		how := ""
		if c.OutOfMemory {
			how = ", ended by the kernel for want of memory"
		}
		lines = append(lines, fmt.Sprintf("%s at %s%s; the last that it wrote:", c.Node, moment(c.At), how))
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

func (t *text) safety(s *report.Safety) {
	n := report.Thousands
	rows := []string{
		fmt.Sprintf("sent %s\tacknowledged %s\trejected %s\tunknown %s", n(s.Sent), n(s.Acknowledged), n(s.Rejected), n(s.Unknown)),
		fmt.Sprintf("LOST %s\tduplicates %s\treordered %s\tcorrupt %s", n(s.Lost), n(s.Duplicates), n(s.Reordered), n(s.Corrupt)),
		fmt.Sprintf("phantom %s\taborted read %s\tgroup skip %s\tredelivered %s", n(s.Phantom), n(s.AbortedRead), n(s.GroupSkip), n(s.Redelivered)),
		fmt.Sprintf("verified %s\tresurrected %s\tforeign %s\tunsent %s", n(s.Verified), n(s.Resurrected), n(s.Foreign), n(s.Unsent)),
	}
	if tx := s.Transactions; tx != (report.Transactions{}) {
		rows = append(rows, fmt.Sprintf("transactions: committed %s\taborted %s\tunknown %s\tTORN %s", n(tx.Committed), n(tx.Aborted), n(tx.Unknown), n(tx.Torn)))
	}
	if s.Aborted+s.DirtyRead > 0 {
		rows = append(rows, fmt.Sprintf("aborted on purpose %s\tdirty read %s", n(s.Aborted), n(s.DirtyRead)))
	}
	if s.Expired > 0 {
		rows = append(rows, fmt.Sprintf("expired %s", n(s.Expired)))
	}
	if s.Loss != nil {
		rows = append(rows, "lost: "+s.Loss.String())
	}
	if s.EpochRegression+s.CommitRegression > 0 {
		rows = append(rows, fmt.Sprintf("went back: leader epoch %s, committed offset %s", n(s.EpochRegression), n(s.CommitRegression)))
	}
	if s.OffsetConflict > 0 {
		rows = append(rows, fmt.Sprintf("offset conflict %s", n(s.OffsetConflict)))
	}
	title := "Safety: read back to the end of the log"
	if !s.FinalRead.Done {
		title = "Safety: NOT read back to the end of the log: " + s.FinalRead.Reason
	}
	t.table(title, rows)
	for _, g := range s.Regressions {
		t.line("  went back: %s of partition %d, from %d to %d, %s", g.Of, g.Partition, g.From, g.To, g.Where)
	}
	for _, a := range s.Examples {
		line := fmt.Sprintf("  %s: producer %d, partition %d, message %s", a.Kind, a.Producer, a.Partition, span(a.First, a.Last))
		if a.Offset >= 0 {
			line += fmt.Sprintf(", offset %d", a.Offset)
		}
		if a.Note != "" {
			line += ": " + a.Note
		}
		t.line("%s", line)
	}
}

func span(first, last uint64) string {
	if first == last {
		return report.Thousands(first)
	}
	return report.Thousands(first) + " to " + report.Thousands(last)
}

func (t *text) expectations(all []report.Judged) {
	if len(all) == 0 {
		t.line("\nExpectations\n  none: no objective stated")
		return
	}
	words := map[report.Outcome]string{report.Pass: "ok", report.Fail: "MISSED", report.Inconclusive: "unknown"}
	var rows []string
	for _, e := range all {
		row := fmt.Sprintf("%s\t%s\tgot %s", words[e.Outcome], e.Text, e.Got)
		if e.Why != "" {
			row += "\t" + e.Why
		}
		rows = append(rows, row)
	}
	t.table("Expectations", rows)
}

// faults tells each fault; of what was injected again and again how it varied, and by itself only what stands out.
func (t *text) faults(r *report.Report) {
	hidden := map[string]bool{}
	for _, s := range seriesOf(r) {
		show := s.shown(r)
		for _, f := range s.faults {
			hidden[f.Name] = !show[f.Name]
		}
		t.series(r, s)
	}
	for i := range r.Faults {
		if !hidden[r.Faults[i].Name] {
			t.fault(r, &r.Faults[i])
		}
	}
}

func (t *text) series(r *report.Report, s *series) {
	rows, of := s.rows(r), slices.IndexFunc(r.Series, func(o report.Series) bool { return o.Name == s.name })
	if of >= 0 {
		rows = append(rows, madeOf(&r.Series[of])...)
	}
	t.table(fmt.Sprintf("Faults %s: %d injections", s.name, len(s.faults)), rows)
	if of >= 0 {
		t.table("Recovery from "+s.name, recovered(&r.Series[of]))
	}
}

func (t *text) fault(r *report.Report, f *report.Fault) {
	var rows []string
	if f.Commanded >= 0 {
		rows = append(rows, fmt.Sprintf("when\tcommanded %s, effective %s, healed %s", moment(f.Commanded), moment(f.Effective), moment(f.Healed)))
	}
	if len(f.Victims) > 0 {
		rows = append(rows, "victims\t"+strings.Join(f.Victims, ", "))
	}
	for _, c := range f.Chosen {
		rows = append(rows, "chosen\t"+c)
	}
	for _, e := range f.Evidence {
		rows = append(rows, "evidence\t"+e)
	}
	if f.Error != "" {
		rows = append(rows, "error\t"+f.Error)
	}
	for j := range r.Recovery {
		if r.Recovery[j].Fault == f.Name && f.Took() {
			rows = append(rows, recoveryRows(&r.Recovery[j])...)
		}
	}
	switch {
	case f.LeftOut != "":
		rows = append(rows, "left out\t"+f.LeftOut)
	case f.HealError != "":
		rows = append(rows, "NOT HEALED\t"+f.HealError)
	}
	if !f.Took() && f.LeftOut == "" {
		rows = append(rows, "recovery\tunknown: it did not take effect")
	}
	title := fmt.Sprintf("Fault %s: %s %s", f.Name, f.Kind, f.Target)
	if f.ByHand {
		title += ", by hand"
	}
	if f.Params != "" {
		title += " (" + f.Params + ")"
	}
	t.table(title, rows)
}

func moment(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return d.Round(time.Millisecond).String()
}

func recoveryRows(r *report.Recovery) []string {
	if r.Service.Why != "" { // then nothing is known of gaps
		return []string{"recovery\tunknown: " + r.Service.Why}
	}
	rows := []string{
		"service back\t" + figure(r.Service, "effective", "no silence above "+report.Human(r.Threshold)),
		"detected\t" + figure(r.Detect, "effective", "at once"),
		"first success\t" + figure(r.FirstSuccess, "effective", "at once"),
		"performance back\t" + figure(r.Performance, "effective", "never worse"),
		"redundancy back\t" + figure(r.Redundancy, "healed", "by then"),
		"backlog drained\t" + figure(r.Drained, "healed", "by then"),
		fmt.Sprintf("gaps\t%d above %s, in %.0f %% of the partitions, %s messages due in them", len(r.Gaps), report.Human(r.Threshold), 100*r.BlastRadius,
			report.Thousands(uint64(r.OutageArea))),
	}
	for _, s := range r.Longest {
		rows = append(rows, fmt.Sprintf("longest silence\t%s, partition %d, %s", report.Human(s.Length()), s.Partition, s.Direction))
	}
	if len(r.Parts) > 0 {
		var parts []string
		for _, p := range r.Parts {
			parts = append(parts, fmt.Sprintf("%s %s", p.Name, report.Human(p.Took)))
		}
		rows = append(rows, "outage\t"+strings.Join(parts, ", "))
	}
	if r.Explained != "" {
		rows = append(rows, "explained by\t"+r.Explained)
	}
	if r.Vacuous != "" {
		rows = append(rows, "no failover\t"+r.Vacuous)
	}
	if r.Brownout.Value > 0 {
		rows = append(rows, "brownout\t"+r.Brownout.String()+" in which something was acknowledged, but much less or much slower than in the baseline")
	}
	return rows
}

// figure tells a recovery time; zero is what to say of none.
func figure(f report.Figure, since, zero string) string {
	switch {
	case f.Known && f.Value == 0:
		return zero
	case f.Known:
		return fmt.Sprintf("%s after %s", f, since)
	case f.Censored:
		return fmt.Sprintf("more than %s after %s, when watching ended", report.Human(f.Value), since)
	}
	return "unknown: " + f.Why
}

func (t *text) latency(r *report.Report) {
	rows := []string{"phase\tacked\tp50\tp99\tp99.9\tmax\tservice p99\te2e p99\tlag p99"}
	phases := slices.Clone(r.Phases)
	slices.SortStableFunc(phases, func(a, b report.PhaseFigures) int { return cmp.Compare(a.From, b.From) })
	for _, p := range phases {
		if p.Acknowledged+p.Rejected+p.Unknown+p.Delivered == 0 {
			continue
		}
		l := &p.Latency
		q := func(h *report.Histogram, at float64) string { return h.Quantile(at).String() }
		rows = append(rows, strings.Join([]string{p.Name, report.Thousands(p.Acknowledged),
			q(&l.Ack, 0.5), q(&l.Ack, 0.99), q(&l.Ack, 0.999), q(&l.Ack, 1), q(&l.Service, 0.99), q(&l.E2E, 0.99), q(&l.Lag, 0.99)}, "\t"))
	}
	t.table("Latency by the phase in which a message was due: p50 to max from due to acknowledged", rows)
}
