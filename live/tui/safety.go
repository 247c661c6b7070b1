package tui

import (
	"github.com/seed-228c25e4/squall/report"
)

func (v *scene) safetyPanel(w, h int) *canvas {
	info := "so far"
	if v.safety != nil {
		info = "read back"
		if v.safety.FinalRead.Consumed {
			info = "consumed"
		}
		if !v.safety.FinalRead.Done {
			info = "NOT " + info
		}
	}
	c := v.panel(w, h, "Safety", info)
	for i, f := range v.safetyFacts() {
		if i < h-1 {
			name := dim
			if f.name == "LOST" {
				name = bold
			}
			c.text(2, 1+i, name, f.name)
			c.right(w-1, 1+i, f.look, f.value)
		}
	}
	return c
}

// safetyFacts tells what became of the messages, the worst first.
func (v *scene) safetyFacts() []fact {
	n := report.Thousands
	if v.safety == nil {
		t := &v.total
		return []fact{
			{"LOST", "... not read yet", dim}, {"acknowledged", n(t.Acknowledged), plain}, {"delivered", n(t.Delivered), plain},
			{"unknown", n(t.Unknown), some(t.Unknown, caution)}, {"rejected", n(t.Rejected), some(t.Rejected, caution)}, {"sent", n(t.Sent), plain},
		}
	}
	s := v.safety
	lost := fact{"LOST", n(s.Lost) + "  ok", good}
	switch {
	case s.Lost > 0:
		lost = fact{"LOST", n(s.Lost) + "  !!", bad}
	case !s.FinalRead.Done:
		lost = fact{"LOST", "nobody knows", caution}
	}
	all := []fact{lost, {"acknowledged", n(s.Acknowledged), plain}, {"verified", n(s.Verified), plain}}
	for _, f := range []struct {
		name string
		n    uint64
	}{{"reordered", s.Reordered}, {"duplicates", s.Duplicates}, {"corrupt", s.Corrupt}, {"phantom", s.Phantom}, {"aborted read", s.AbortedRead}, {"group skip", s.GroupSkip}} {
		if f.n > 0 || f.name == "reordered" || f.name == "duplicates" {
			all = append(all, fact{f.name, n(f.n), some(f.n, bad)})
		}
	}
	return append(all, fact{"unknown", n(s.Unknown), some(s.Unknown, caution)}, fact{"rejected", n(s.Rejected), some(s.Rejected, caution)},
		fact{"redelivered", n(s.Redelivered), plain}, fact{"sent", n(s.Sent), plain})
}

// some is how a count looks that is better 0.
func some(n uint64, look style) style {
	if n > 0 {
		return look
	}
	return plain
}

// mark says how an expectation stands.
func (j *judged) mark() (sign string, look style) {
	switch {
	case j.settled && j.Outcome == report.Pass:
		return "ok ", good
	case j.settled && j.Outcome == report.Fail && j.Warn:
		return "no ", caution
	case j.settled && j.Outcome == report.Fail:
		return "NO ", bad
	case j.settled:
		return "?? ", caution
	}
	return "...", dim
}

// got is what is shown of the value.
func (j *judged) got() (text string, look style) {
	switch {
	case j.Got == "unknown", !j.settled && j.Outcome == report.Inconclusive:
		return "", dim
	case !j.settled && j.Outcome == report.Fail:
		return j.Got + " !", caution
	case j.settled && j.Outcome == report.Fail:
		return j.Got, bad
	}
	return j.Got, dim
}

func (v *scene) expectationsPanel(w, h int) *canvas {
	info := ""
	if v.verdict != nil {
		info = string(v.verdict.Outcome)
	}
	c := v.panel(w, h, "Expectations", info)
	if len(v.judged) == 0 {
		c.wait("no objective stated")
	}
	for i := range v.judged {
		if i >= h-1 {
			break
		}
		j := &v.judged[i]
		sign, look := j.mark()
		c.text(2, 1+i, look, sign)
		got, how := j.got()
		c.right(w-1, 1+i, how, got)
		text := plain
		if j.settled && j.Outcome == report.Fail {
			text = bold
		}
		c.fit(6, 1+i, w-8-c.width(got), text, j.Text)
	}
	return c
}
