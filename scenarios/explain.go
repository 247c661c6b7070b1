package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// Explain tells what a scenario would do and what a kind of broker promises under it, for people to read; needs are what whoever runs it needs, a line
// each. Nothing is touched.
func Explain(s *Scenario, k broker.Kind, needs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", s.Name)
	if s.About != "" {
		fmt.Fprintf(&b, ": %s", strings.TrimSpace(s.About))
	}
	fmt.Fprintf(&b, "\n\n%s\n", s.inOneLine())
	explainTimeline(&b, s)
	for i, n := range needs {
		if i == 0 {
			b.WriteString("\nNeeds\n")
		}
		fmt.Fprintf(&b, "  %s\n", n)
	}
	explainPace(&b, s)
	explainWaiting(&b, s)
	explainContract(&b, s, k)
	explainTimers(&b, s, k)
	explainExpectations(&b, s)
	if warnings := Warnings(s, k); len(warnings) > 0 {
		b.WriteString("\nWarnings\n")
		for _, w := range warnings {
			fmt.Fprintf(&b, "  %s\n", w)
		}
	}
	fmt.Fprintf(&b, "\nThe file with everything filled in\n\n%s", Effective(s))
	return b.String()
}

// inOneLine says what runs and what is sent.
func (s *Scenario) inOneLine() string {
	return fmt.Sprintf("%s, %s in %s; topic %s with %s of %s; %s",
		s.Broker.Kind, count(s.Broker.Nodes, "node", "nodes"), cmp.Or(s.Broker.Place.In, s.Broker.Run),
		s.Topic.Name, count(s.Topic.Partitions, "partition", "partitions"), count(s.Topic.Replicas, "replica", "replicas"), s.Load)
}

// String prints the load in one line.
func (l Load) String() string {
	text := fmt.Sprintf("%s of %s from %s to %s", l.Pace(), l.SizeText(),
		count(l.Producers.Count, "producer", "producers"), count(l.Consumers.Count, "consumer", "consumers"))
	if l.Consumers.Count > 0 && l.Consumers.Start > 0 {
		text += fmt.Sprintf(", which begin %s after the load", writeDuration(l.Consumers.Start))
	}
	if keys := l.KeysText(); keys != "" {
		text += ", " + keys
	}
	if t := l.TransactionsText(); t != "" {
		text += ", in " + t
	}
	if l.Client != ClientDefault {
		text += " with " + l.Client + " clients"
	}
	return text
}

// thousands prints a rate with separators, with decimals only where it is small.
func thousands(rate float64) string {
	if rate < 100 {
		return fmt.Sprintf("%.3g", rate)
	}
	return report.Thousands(uint64(rate + 0.5))
}

// explainTimeline prints every phase with its start and its length, on the clock of the load.
func explainTimeline(b *strings.Builder, s *Scenario) {
	fmt.Fprintf(b, "\nTimeline: %s of load\n", writeDuration(s.LoadEnd()))
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	row := func(at time.Duration, name, length, what string) {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", writeDuration(at), name, length, what)
	}
	row(0, string(report.WarmUp), writeDuration(s.Phases.WarmUp), "load that is not judged")
	row(s.Phases.WarmUp, string(report.Baseline), writeDuration(s.Phases.Baseline), "no fault: what everything is held against")
	inOrder := s.inOrder()
	for i, f := range inOrder {
		if i == mostExplained && len(inOrder) > mostExplained+1 {
			row(s.BaselineEnd()+f.At, "...", "", fmt.Sprintf("and %d more, until %s", len(inOrder)-i, writeDuration(s.LoadEnd()-s.Phases.Recovery)))
			break
		}
		row(s.BaselineEnd()+f.At, f.Name, lasts(f), does(f))
		if watched := s.watched(f); f.For > 0 && watched > f.For {
			row(s.BaselineEnd()+f.End(), "recovery", writeDuration(watched-f.For), "of "+f.Name)
		}
	}
	row(s.LoadEnd(), "end of load", "", "then heal, drain and final read, as long as they take within their bounds")
	w.Flush()
}

// mostExplained bounds how many injections are printed.
const mostExplained = 40

// lasts says how long a fault is planned to last.
func lasts(f faults.Step) string {
	switch {
	case f.Until.Set():
		return "at most " + writeDuration(f.For)
	case f.For == 0:
		return "until heal"
	}
	return writeDuration(f.For)
}

// does says what a fault does to whom, and what it waits for.
func does(f faults.Step) string {
	what := strings.TrimSpace(f.Kind + " " + f.Target.String())
	if p := f.Params(); p != "" {
		what += ": " + p
	}
	if f.Until.Set() {
		what += "; until " + f.Until.String()
	}
	if waits := f.Waits(); waits != "" {
		what += "; " + waits
		if f.When.Set() {
			what += ", which has to come within " + writeDuration(f.Within)
		}
	}
	return what
}

// inOrder returns the faults in the order in which they begin.
func (s *Scenario) inOrder() []faults.Step {
	return slices.SortedStableFunc(slices.Values(s.Faults), func(a, b faults.Step) int { return cmp.Compare(a.At, b.At) })
}

// watched returns how long a fault is looked at from its beginning: to the next fault's, or to the end of its own recovery, or of the load.
func (s *Scenario) watched(f faults.Step) time.Duration {
	end := f.End() + s.Phases.Recovery
	if f.For == 0 {
		end = s.LoadEnd() - s.BaselineEnd()
	}
	for _, o := range s.Faults {
		if o.At > f.At {
			end = min(end, o.At)
		}
	}
	return end - f.At
}

func explainContract(b *strings.Builder, s *Scenario, k broker.Kind) {
	if k.Contract == nil {
		return
	}
	c := k.Contract(s.Settings())
	b.WriteString("\nWhat the broker promises under these settings\n")
	for _, p := range []struct {
		holds   bool
		yes, no string
	}{
		{c.Durable, "durable", "not durable: a lost message is counted, and no violation"},
		{c.Ordered, "ordered within a stream", "no order: a reordered message is counted, and no violation"},
		{c.LateUnknowns, "but what is unknown to its sender may be stored behind what was sent later", ""},
		{c.Unique, "stored once", "may store a message twice: counted, and no violation"},
		{c.Atomic, "transactions are visible whole or not at all to who reads committed", ""},
		{!c.Redelivers, "delivered once to the group", "may deliver a message to the group again"},
	} {
		switch {
		case p.holds:
			fmt.Fprintf(b, "  %s\n", p.yes)
		case p.no != "":
			fmt.Fprintf(b, "  %s\n", p.no)
		}
	}
	for _, line := range append([]string{c.Survives}, c.Notes...) {
		if line != "" {
			fmt.Fprintf(b, "  %s\n", line)
		}
	}
}

func explainTimers(b *strings.Builder, s *Scenario, k broker.Kind) {
	if k.Timers == nil {
		return
	}
	timers := k.Timers(s.Settings())
	if len(timers) == 0 {
		return
	}
	b.WriteString("\nTimers that decide how long a failover takes\n")
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, t := range timers {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", t.Name, report.Timer(t).Span(), t.Part, t.Note)
	}
	w.Flush()
}

func explainExpectations(b *strings.Builder, s *Scenario) {
	if len(s.Expect) > 0 {
		b.WriteString("\nExpected\n")
	}
	for _, e := range s.Expect {
		fmt.Fprintf(b, "  %s\n", e.Text)
	}
	if s.Verdict.Outcome != "" {
		fmt.Fprintf(b, "\nStated: the run comes to %s, and passes if it does\n", s.Verdict)
	}
}
