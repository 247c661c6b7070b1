package formats

import (
	"fmt"

	"github.com/seed-228c25e4/squall/report"
)

// safetyTitle says whether the counts of safety are those of the whole log.
func safetyTitle(s *report.Safety) string {
	switch {
	case s.FinalRead.Consumed && s.FinalRead.Done:
		return "Safety: consumed until nothing was left"
	case s.FinalRead.Consumed:
		return "Safety: NOT consumed until nothing was left: " + s.FinalRead.Reason
	case s.FinalRead.Done:
		return "Safety: read back to the end of the log"
	}
	return "Safety: NOT read back to the end of the log: " + s.FinalRead.Reason
}

// safetyRows tell what became of the messages, four counts a row; what there was nothing of is left out, unless it is always asked for.
func safetyRows(s *report.Safety) []row {
	n := report.Thousands
	rows := []row{
		{"sent " + n(s.Sent), "acknowledged " + n(s.Acknowledged), "rejected " + n(s.Rejected), "unknown " + n(s.Unknown)},
		{"LOST " + n(s.Lost), "duplicates " + n(s.Duplicates), "reordered " + n(s.Reordered), "corrupt " + n(s.Corrupt)},
		{"phantom " + n(s.Phantom), "aborted read " + n(s.AbortedRead), "group skip " + n(s.GroupSkip), "redelivered " + n(s.Redelivered)},
		{"verified " + n(s.Verified), "resurrected " + n(s.Resurrected), "foreign " + n(s.Foreign), "unsent " + n(s.Unsent)},
	}
	if tx := s.Transactions; tx != (report.Transactions{}) {
		rows = append(rows, row{"transactions: committed " + n(tx.Committed), "aborted " + n(tx.Aborted), "unknown " + n(tx.Unknown), "TORN " + n(tx.Torn)})
	}
	if s.Aborted+s.DirtyRead > 0 {
		rows = append(rows, row{"aborted on purpose " + n(s.Aborted), "dirty read " + n(s.DirtyRead)})
	}
	if s.Expired > 0 {
		rows = append(rows, row{"expired " + n(s.Expired)})
	}
	if s.DeadLettered > 0 {
		rows = append(rows, row{"dead-lettered " + n(s.DeadLettered) + ", and found there"})
	}
	if s.Loss != nil {
		rows = append(rows, row{"lost: " + s.Loss.String()})
	}
	if s.EpochRegression+s.CommitRegression > 0 {
		rows = append(rows, row{fmt.Sprintf("went back: leader epoch %s, committed offset %s", n(s.EpochRegression), n(s.CommitRegression))})
	}
	if s.OffsetConflict > 0 {
		rows = append(rows, row{"offset conflict " + n(s.OffsetConflict)})
	}
	return rows
}

// ruleRows tell what became of each rule of safety; the contract may allow what one is about.
func ruleRows(r *report.Report) (rows []row) {
	for _, rule := range report.Rules(r) {
		came := map[report.Outcome]string{report.Pass: "ok", report.Fail: "BROKEN", report.Inconclusive: "unknown"}[rule.Outcome]
		if !rule.Promised {
			came = "not promised"
		}
		rows = append(rows, row{rule.Name, came, report.Thousands(rule.Count)})
	}
	return rows
}

// regressions tell examples of what went back.
func regressions(s *report.Safety) (lines []string) {
	for _, g := range s.Regressions {
		lines = append(lines, regression(g))
	}
	return lines
}

func regression(g report.Regression) string {
	return fmt.Sprintf("went back: %s of partition %d, from %d to %d, %s", g.Of, g.Partition, g.From, g.To, g.Where)
}

// anomalies tell examples of the messages that something is wrong with.
func anomalies(s *report.Safety) (lines []string) {
	for _, a := range s.Examples {
		lines = append(lines, anomaly(a))
	}
	return lines
}

func anomaly(a report.Anomaly) string {
	line := fmt.Sprintf("%s: producer %d, partition %d, message %s", a.Kind, a.Producer, a.Partition, span(a.First, a.Last))
	if a.Offset >= 0 {
		line += fmt.Sprintf(", offset %d", a.Offset)
	}
	if a.Note != "" {
		line += ": " + a.Note
	}
	return line
}

func span(first, last uint64) string {
	if first == last {
		return report.Thousands(first)
	}
	return report.Thousands(first) + " to " + report.Thousands(last)
}
