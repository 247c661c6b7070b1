package suite

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// judge says what the runs come to together. It reads nothing but them.
func (r *Result) judge() {
	v := Verdict{Outcome: report.Pass}
	codes := []report.ExitCode{r.StopCode}
	counting := 0
	for i := range r.Runs {
		e := &r.Runs[i]
		if e.NotRun != "" {
			e.Outcome, e.ExitCode, e.Sentence = NotRun, report.ExitInconclusive, "not run: "+e.NotRun
		}
		if v.Counts.add(e); e.Counts() {
			codes = append(codes, e.ExitCode)
			counting++
		}
	}
	if r.ComparisonError != "" {
		codes = append(codes, report.ExitInternal)
	}
	if counting == 0 {
		codes = append(codes, report.ExitInconclusive)
	}
	v.ExitCode = report.Strongest(codes...)
	switch {
	case v.Counts.Failed > 0:
		v.Outcome = report.Fail
	case v.ExitCode != report.ExitPass:
		v.Outcome = report.Inconclusive
	}
	v.Sentence = r.sentence(v)
	r.Verdict = v
}

func (c *Counts) add(e *Entry) {
	if !e.Counts() {
		c.Quarantined++
		return
	}
	switch e.Outcome {
	case Pass:
		c.Passed++
	case Fail:
		c.Failed++
	case Inconclusive:
		c.Inconclusive++
	case Error:
		c.Errors++
	case NotRun:
		c.NotRun++
	}
}

// sentence tells the verdict, how many runs came to what, and the worst of them.
func (r *Result) sentence(v Verdict) string {
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{
		{v.Counts.Failed, "failed"}, {v.Counts.Errors, "ended with an error"}, {v.Counts.Inconclusive, "inconclusive"}, {v.Counts.NotRun, "not run"},
		{v.Counts.Passed, "passed"}, {v.Counts.Quarantined, "in quarantine"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	text := fmt.Sprintf("%s: of %s, %s", v.Outcome, runs(len(r.Runs)), strings.Join(parts, ", "))
	if v.Counts.Quarantined == len(r.Runs) {
		text += ", and none counts"
	}
	if r.Stopped != "" {
		text += "; stopped by " + r.Stopped
	}
	if r.ComparisonError != "" {
		text += "; the comparison with earlier runs failed: " + r.ComparisonError
	} else if r.Comparison != nil {
		text += "; compared with earlier runs: " + strings.TrimSuffix(r.Comparison.Sentence, ".")
	}
	if worst := r.Worst(1); len(worst) > 0 {
		text += fmt.Sprintf("; %s: %s", worst[0].Name, strings.TrimSuffix(worst[0].Sentence, "."))
	}
	return text + "."
}

// Worst returns the runs that count and did not pass, the worst first, at most so many.
func (r *Result) Worst(most int) []*Entry {
	var left, all []*Entry
	for i := range r.Runs {
		if e := &r.Runs[i]; e.Counts() && e.ExitCode != report.ExitPass {
			left = append(left, e)
		}
	}
	for len(left) > 0 && len(all) < most {
		worst := 0
		for i, e := range left {
			if worse(e, left[worst]) {
				worst = i
			}
		}
		all = append(all, left[worst])
		left = append(left[:worst], left[worst+1:]...)
	}
	return all
}

// worse reports whether a is worse than b. Of what nobody knows, what was tried says more than what was not.
func worse(a, b *Entry) bool {
	if a.ExitCode == b.ExitCode {
		return b.Outcome == NotRun && a.Outcome != NotRun
	}
	return report.Strongest(a.ExitCode, b.ExitCode) == a.ExitCode
}

// failed names the first run that counts and failed; empty: none did.
func (r *Result) failed() string {
	for i := range r.Runs {
		if e := &r.Runs[i]; e.Counts() && (e.Outcome == Fail || e.Outcome == Error) {
			return e.Name
		}
	}
	return ""
}

// estimate is about how long all runs take.
func (r *Result) estimate() (all time.Duration) {
	for i := range r.Runs {
		all += r.Runs[i].Estimate
	}
	return all
}

func runs(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// about prints a duration as precisely as it matters to somebody who waits for it.
func about(d time.Duration) string {
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
