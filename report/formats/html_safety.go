package formats

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// A safetyPart is the ledger's balance.
type safetyPart struct {
	Read     string // how far the log was read
	Unread   bool   // it was not read to its end
	Balance  []balance
	Wrong    []balance // what must not be, or what is worth counting besides
	Lost     string
	Back     table // what went back
	Examples table
	Promises []string
}

// A balance is a count, and what is counted. Depth says how many rows above it is a part of.
type balance struct {
	Name, Count, About, Class, Sign string
	Depth                           int
}

func safetyOf(r *report.Report) safetyPart {
	s := &r.Safety
	p := safetyPart{Read: "Every partition was read back to the end of its log.", Unread: !s.FinalRead.Done, Balance: balanceOf(r), Wrong: wrongs(r), Promises: r.Run.Contract.Notes}
	switch {
	case s.FinalRead.Consumed && p.Unread:
		p.Read = "The consumers did not take everything: " + s.FinalRead.Reason
	case s.FinalRead.Consumed:
		p.Read = "The consumers took everything: nothing was left in the queues."
	case p.Unread:
		p.Read = "The log was not read back to its end: " + s.FinalRead.Reason
	}
	if c := r.Run.Contract.Survives; c != "" {
		p.Promises = append([]string{c}, p.Promises...)
	}
	if s.Loss != nil {
		p.Lost = s.Loss.String()
	}
	p.Back.Head = []string{"what went back", "partition", "from", "to", "where"}
	for _, g := range s.Regressions {
		p.Back.Rows = append(p.Back.Rows, []string{g.Of, fmt.Sprint(g.Partition), fmt.Sprint(g.From), fmt.Sprint(g.To), g.Where})
	}
	p.Examples.Head = []string{"what", "producer", "partition", "messages of the stream", "offset", "note"}
	for _, a := range s.Examples {
		offset := "not known"
		if a.Offset >= 0 {
			offset = fmt.Sprint(a.Offset)
		}
		p.Examples.Rows = append(p.Examples.Rows, []string{a.Kind, fmt.Sprint(a.Producer), fmt.Sprint(a.Partition), span(a.First, a.Last), offset, a.Note})
	}
	p.Back.bound(mostItems)
	p.Examples.bound(mostItems)
	return p
}

// bound keeps the first rows of a table, and says how many more there are.
func (t *table) bound(most int) {
	if n := len(t.Rows) - most; n > 0 {
		t.Rows, t.More = t.Rows[:most], fmt.Sprintf("%s more, in report.json", report.Thousands(uint64(n)))
	}
}

// balanceOf follows the messages: what was sent, what was said of it, and what was found.
func balanceOf(r *report.Report) []balance {
	s := &r.Safety
	lost := balance{Name: "LOST", Count: report.Thousands(s.Lost), About: about("lost"), Depth: 2}
	for _, rule := range report.Rules(r) {
		if rule.Name == "lost" {
			lost.judged(rule)
		}
	}
	if s.Lost > 0 { // whatever was promised
		lost.Class, lost.Sign = "bad", "✗"
	}
	all := []balance{
		{Name: "sent", Count: report.Thousands(s.Sent), About: "taken by a client"},
		{Name: "acknowledged", Count: report.Thousands(s.Acknowledged), About: "the broker said that it has them", Depth: 1},
		{Name: "verified", Count: report.Thousands(s.Verified), About: "found again in the log", Depth: 2},
		lost,
	}
	part := func(depth int, n uint64, name, about string) {
		if n > 0 {
			all = append(all, balance{Name: name, Count: report.Thousands(n), About: about, Depth: depth})
		}
	}
	part(2, s.UnreadTail, "unread tail", "not found, where the log was not read to its end, or may have expired")
	part(2, s.Expired, "expired", about("expired"))
	part(2, s.DeadLettered, "dead-lettered", about("dead-lettered"))
	all = append(all, balance{Name: "rejected", Count: report.Thousands(s.Rejected), About: about("rejected"), Depth: 1})
	part(1, s.Aborted, "aborted", "on purpose, with their transaction")
	all = append(all, balance{Name: "unknown", Count: report.Thousands(s.Unknown), About: about("unknown"), Depth: 1})
	part(2, s.Resurrected, "resurrected", about("resurrected"))
	part(1, s.Pending, "pending", "without an outcome when the run was cut short")
	part(0, s.Unsent, "unsent", about("unsent"))
	all = append(all, balance{Name: "delivered", Count: report.Thousands(s.Delivered), About: "to the load's consumers, every repetition counted"})
	return all
}

// wrongs are the counts of what must not be. What failed the run is marked.
func wrongs(r *report.Report) []balance {
	s, rules := &r.Safety, report.Rules(r)
	var all []balance
	for _, c := range []struct {
		metric string
		n      uint64
	}{
		{"duplicates", s.Duplicates}, {"reordered", s.Reordered}, {"corrupt", s.Corrupt}, {"phantom", s.Phantom}, {"aborted-read", s.AbortedRead},
		{"torn", s.Transactions.Torn}, {"dirty-read", s.DirtyRead}, {"group-skip", s.GroupSkip}, {"redelivered", s.Redelivered}, {"foreign", s.Foreign},
		{"offset-conflict", s.OffsetConflict}, {"epoch-regression", s.EpochRegression}, {"commit-regression", s.CommitRegression},
	} {
		b := balance{Name: c.metric, Count: report.Thousands(c.n), About: about(c.metric)}
		for _, rule := range rules {
			if rule.Name == c.metric {
				b.judged(rule)
			}
		}
		if slices.ContainsFunc(r.Verdict.Reasons, func(reason report.Reason) bool { return reason.Of == c.metric }) {
			b.Class, b.Sign = "bad", "✗"
		}
		all = append(all, b)
	}
	return all
}

// judged marks a count with what became of its rule.
func (b *balance) judged(rule report.Rule) {
	switch {
	case !rule.Promised:
		b.About += "; nothing else was promised"
	case rule.Outcome == report.Fail:
		b.Class, b.Sign = "bad", "✗"
	case rule.Outcome == report.Inconclusive:
		b.Sign, b.About = "?", b.About+"; nobody can know: "+rule.Why
	default:
		b.Sign = "✓"
	}
}

// about is what the catalogue of metrics says of one.
func about(metric string) string {
	m, _, _ := report.FindMetric(metric)
	return strings.TrimPrefix(m.About, "messages: ")
}
