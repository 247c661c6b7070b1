package report

import "fmt"

// A Rule is something that must never happen to a message where the contract, or any broker's, promises that it does not.
type Rule struct {
	Name     string // as the metric is called: "lost", "group-skip", ...
	Promised bool   // the run's contract promises it; false: it is allowed, and what is counted breaks nothing
	Count    uint64 // how often it happened
	Outcome  Outcome
	Why      string // why it is inconclusive
	text     string // how a violation is told
}

// Rules returns every rule of safety, and what the run came to under it: a violation that was found stays found, and where the data is not valid nobody
// can know that there was none. It reads the counts, the contract and the validity that Judge has found.
func Rules(r *Report) []Rule {
	s, c := &r.Safety, &r.Run.Contract
	rules := []Rule{
		{Name: "lost", Promised: c.Durable, Count: s.Lost, text: "%s acknowledged messages are lost"},
		{Name: "group-skip", Promised: !c.Skips, Count: s.GroupSkip, text: "%s messages are in the log and were given to nobody in the group"},
		{Name: "duplicates", Promised: c.Unique, Count: s.Duplicates, text: "%s messages are stored more than once by an idempotent producer"},
		{Name: "reordered", Promised: c.Ordered, Count: s.Reordered, text: "%s messages are behind a later one of their stream"},
		{Name: "redelivered", Promised: !c.Redelivers, Count: s.Redelivered, text: "%s messages were given to the group more than once"},
		// Where the contract was broken by losing messages, or never promised to keep them, a log that was cut back and went on is the consequence.
		{Name: "offset-conflict", Promised: c.Durable && s.Lost == 0, Count: s.OffsetConflict, text: "%s offsets were given to two messages"},
		{Name: "epoch-regression", Promised: s.Lost == 0, Count: s.EpochRegression, text: "a leader epoch went back %s times"},
		{Name: "commit-regression", Promised: !c.Redelivers, Count: s.CommitRegression, text: "a committed offset went back %s times"},
		{Name: "phantom", Promised: true, Count: s.Phantom, text: "%s messages carry the run's id and were never sent"},
		{Name: "aborted-read", Promised: true, Count: s.AbortedRead, text: "%s messages were delivered although they were rejected, or aborted"},
		{Name: "torn", Promised: c.Atomic, Count: s.Transactions.Torn, text: "%s transactions are torn: some of their messages were found, and others are lost"},
		{Name: "corrupt", Promised: true, Count: s.Corrupt, text: "%s messages are corrupt"},
	}
	unsure := r.unsureOfSafety()
	for i := range rules {
		switch rule := &rules[i]; {
		case rule.Broken():
			rule.Outcome = Fail
		case rule.Promised && unsure != "":
			rule.Outcome, rule.Why = Inconclusive, unsure
		default:
			rule.Outcome = Pass
		}
	}
	return rules
}

// Broken reports whether what was promised never to happen did.
func (r Rule) Broken() bool { return r.Promised && r.Count > 0 }

// String tells what was counted, as in "7 acknowledged messages are lost".
func (r Rule) String() string { return fmt.Sprintf(r.text, Thousands(r.Count)) }

// unsureOfSafety returns why what was not found may be there all the same; empty: it is not.
func (r *Report) unsureOfSafety() string {
	for _, f := range r.Validity {
		if f.Scope == ScopeAll || f.Scope == ScopeSafety {
			return f.Text
		}
	}
	return ""
}

// violations returns what breaks the broker's contract, or every broker's.
func violations(rules []Rule) []Reason {
	var reasons []Reason
	for _, rule := range rules {
		if rule.Broken() {
			reasons = append(reasons, Reason{ExitSafety, rule.String(), rule.Name})
		}
	}
	return reasons
}
