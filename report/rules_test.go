package report

import "testing"

// Every rule finds what it is about where it is promised, and keeps quiet where it is allowed or where there is nothing of it.
func TestRules(t *testing.T) {
	everything := Contract{Durable: true, Ordered: true, Unique: true, Atomic: true}
	nothing := Contract{Redelivers: true, Skips: true}
	for name, c := range map[string]struct {
		safety   Safety
		contract Contract
		finding  Scope
		fails    string // empty: none
		allowed  string
		unsure   bool
	}{
		"nothing happened":          {contract: everything},
		"lost":                      {safety: Safety{Lost: 1}, contract: everything, fails: "lost"},
		"lost, never promised":      {safety: Safety{Lost: 1}, contract: nothing, allowed: "lost"},
		"redelivered":               {safety: Safety{Redelivered: 1}, contract: everything, fails: "redelivered"},
		"redelivered, as allowed":   {safety: Safety{Redelivered: 1}, contract: nothing, allowed: "redelivered"},
		"skipped":                   {safety: Safety{GroupSkip: 1}, contract: everything, fails: "group-skip"},
		"torn":                      {safety: Safety{Transactions: Transactions{Torn: 1}}, contract: everything, fails: "torn"},
		"a phantom, of any broker":  {safety: Safety{Phantom: 1}, contract: nothing, fails: "phantom"},
		"a conflict alone":          {safety: Safety{OffsetConflict: 1}, contract: everything, fails: "offset-conflict"},
		"the log was not read":      {contract: everything, finding: ScopeSafety, unsure: true},
		"lost, of half a read":      {safety: Safety{Lost: 1}, contract: everything, finding: ScopeAll, fails: "lost", unsure: true},
		"only latency is not valid": {contract: everything, finding: ScopeSpeed},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Report{Safety: c.safety, Run: Run{Contract: c.contract}}
			if c.finding != "" {
				r.Validity = []Finding{{Scope: c.finding, Text: "why not"}}
			}
			for _, rule := range Rules(r) {
				want := Pass
				switch {
				case rule.Name == c.fails:
					want = Fail
				case c.unsure && rule.Promised:
					want = Inconclusive
				}
				if rule.Outcome != want || (rule.Why != "") != (want == Inconclusive) {
					t.Errorf("%s is %s, %q; want %s", rule.Name, rule.Outcome, rule.Why, want)
				}
				if rule.Name == c.allowed && (rule.Promised || rule.Count != 1) {
					t.Errorf("%s: promised %t, count %d; it is allowed, and happened once", rule.Name, rule.Promised, rule.Count)
				}
			}
		})
	}
}
