package capacity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// judge says what the search came to. It reads nothing but the result.
func (r *Result) judge() {
	v := Verdict{Outcome: report.Pass}
	codes := []report.ExitCode{r.StopCode}
	parts := []string{}
	for i := range r.Curves {
		c := &r.Curves[i]
		code, text := c.judge()
		codes, parts = append(codes, code), append(parts, text)
		if lost := c.unsafe(); lost != "" {
			codes, parts = append(codes, report.ExitSafety), append(parts, lost)
		}
	}
	for i := range r.Recoveries {
		if p := &r.Recoveries[i].Point; p.Verdict.ExitCode == report.ExitSafety {
			codes, parts = append(codes, report.ExitSafety), append(parts, fmt.Sprintf("recovery at %s: %s", perSecond(p.Rate), p.Verdict.Sentence))
		}
	}
	if len(r.Curves) == 0 {
		codes, parts = append(codes, report.ExitInconclusive), append(parts, "nothing was measured")
	}
	switch v.ExitCode = report.Strongest(codes...); {
	case slices.Contains(codes, report.ExitMissed), slices.Contains(codes, report.ExitSafety):
		v.Outcome = report.Fail
	case v.ExitCode != report.ExitPass:
		v.Outcome = report.Inconclusive
	}
	if r.Stopped != "" {
		parts = append([]string{"stopped by " + r.Stopped}, parts...)
	}
	v.Sentence = fmt.Sprintf("%s: %s.", v.Outcome, strings.Join(parts, "; "))
	r.Verdict = v
}

// judge says what a curve came to.
func (c *Curve) judge() (report.ExitCode, string) {
	if c.Found == nil {
		return c.given()
	}
	text := strings.TrimSuffix(c.Found.Sentence, ".")
	switch {
	case c.Found.Answer == Below:
		return report.ExitMissed, text
	case c.Found.Answer == Bracketed, c.Found.Answer == AtLeast && (c.Found.Stop == StopHighest || c.Found.Stop == StopStated):
		return report.ExitPass, text
	}
	return report.ExitInconclusive, text
}

// given says what a curve came to whose rates were given, or which is not over.
func (c *Curve) given() (report.ExitCode, string) {
	held, missed := 0.0, 0.0
	unknown := 0
	for _, p := range c.Points {
		switch {
		case p.Validity != Valid:
			unknown++
		case p.Held:
			held = max(held, p.Rate)
		case missed == 0 || p.Rate < missed:
			missed = p.Rate
		}
	}
	text := fmt.Sprintf("%s: of %s", c.Name, countOf(len(c.Points), "point"))
	if held > 0 {
		text += fmt.Sprintf(", the highest that held is %s", perSecond(held))
	}
	if missed > 0 {
		text += fmt.Sprintf(", the lowest that did not %s", perSecond(missed))
	}
	if unknown > 0 {
		return report.ExitInconclusive, text + fmt.Sprintf(", and %d say nothing of the cluster", unknown)
	}
	if len(c.Points) == 0 {
		return report.ExitInconclusive, text
	}
	return report.ExitPass, text
}

// unsafe tells of the first point at which something was lost, reordered or the like; empty: there is none.
func (c *Curve) unsafe() string {
	for _, p := range c.Points {
		if p.Verdict.ExitCode != report.ExitSafety || p.Again != "" {
			continue
		}
		for _, reason := range p.Verdict.Reasons {
			if reason.Code == report.ExitSafety {
				return fmt.Sprintf("at %s (%s): %s", perSecond(p.Rate), p.ID, reason.Text)
			}
		}
	}
	return ""
}

// sentence tells what was found on a curve.
func (c *Curve) sentence() string {
	f := c.Found
	confirmed := ""
	if f.Tried > 1 {
		confirmed = fmt.Sprintf(" (held %d of %d times)", f.Held, f.Tried)
	}
	switch {
	case f.Answer == Below:
		return fmt.Sprintf("%s: less than %s: %s", c.Name, perSecond(f.High), c.whyNot())
	case f.Answer == Bracketed:
		return fmt.Sprintf("%s: %s%s; at %s %s", c.Name, perSecond(f.Low), confirmed, perSecond(f.High), c.whyNot())
	case f.Stop == StopHighest && c.State != Healthy:
		return fmt.Sprintf("%s: at least %s%s, the highest rate that was tried", c.Name, perSecond(f.Low), confirmed)
	case f.Stop == StopHighest:
		return fmt.Sprintf("%s: at least %s%s, the highest rate that was asked for", c.Name, perSecond(f.Low), confirmed)
	case f.Stop == StopStated:
		return fmt.Sprintf("%s: at least %s%s; the limit that you stated (broker.external.max-rate)", c.Name, perSecond(f.Low), confirmed)
	case f.Low > 0 && f.Stop == StopGenerator:
		return fmt.Sprintf("%s: at least %s%s; this machine's generator is the limit: at %s %s", c.Name, perSecond(f.Low), confirmed, perSecond(f.High), c.whyNot())
	case f.Stop == StopGenerator:
		return fmt.Sprintf("%s: not known: this machine's generator is the limit at %s already: %s", c.Name, perSecond(f.High), c.whyNot())
	case f.Low > 0:
		return fmt.Sprintf("%s: at least %s%s, and not known further: %s", c.Name, perSecond(f.Low), confirmed, c.whyNot())
	}
	return fmt.Sprintf("%s: not known: %s", c.Name, c.whyNot())
}

// whyNot tells why the rate above the answer did not hold.
func (c *Curve) whyNot() string {
	for i := len(c.Points) - 1; i >= 0; i-- {
		p := &c.Points[i]
		if p.Rate != c.Found.High || p.Held {
			continue
		}
		if p.Validity != Valid {
			return p.Why
		}
		if len(p.Missed) > 0 {
			return p.Missed[0]
		}
	}
	return string(c.Found.Stop)
}
