package capacity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// nearCeiling is the share of what this machine's generator can send at all, from which on a miss says nothing of the cluster.
const nearCeiling = 0.8

// fill tells of a point what a stretch of its run's report says. Expectations are what has to hold; ceiling is the most that the generator can send, 0 where
// that is not known.
func (p *Point) fill(r *report.Report, s stretch, expectations []report.Expectation, ceiling float64) {
	p.From, p.Measuring = s.From, s.length()
	if len(r.Phases) > 0 {
		p.Settling = max(s.From-loadBegan(r), 0)
	}
	consumed := slices.ContainsFunc(r.Windows, func(w report.Window) bool { return w.Delivered > 0 })
	p.Settled = s.settled(consumed)
	seconds := max(s.length().Seconds(), 1e-9)
	due, acknowledged, failed, delivered := counts(s.windows)
	p.Achieved, p.Delivered, p.Errors = float64(acknowledged)/seconds, float64(delivered)/seconds, failed
	phase := s.phase()
	l := &phase.Latency
	p.Ack, p.E2E, p.Service, p.Lag = quantiles(l.Ack), quantiles(l.E2E), quantiles(l.Service), quantiles(l.Lag)
	waiting, behind := s.waiting(), s.behind()
	p.Backlog, p.Slope = uint64(max(waiting.last+behind.last, 0)), waiting.slope+behind.slope
	p.Used = s.used(r)

	cut := s.alone(r)
	report.Judge(cut, expectations)
	p.Expected = cut.Expectations
	p.Missed = p.misses(cut, due, acknowledged, waiting, behind, s.length())
	p.Validity, p.Why = p.validity(cut, &s, expectations, ceiling)
	p.Held = p.Validity == Valid && len(p.Missed) == 0
	if p.Held || p.Validity != Valid {
		p.Stop = ""
	}
}

// loadBegan is when the load of a run began, on its clock.
func loadBegan(r *report.Report) time.Duration {
	for _, p := range r.Phases {
		if p.Kind != report.Prepare {
			return p.From
		}
	}
	return 0
}

func quantiles(h report.Histogram) Quantiles {
	q := Quantiles{Count: h.Count(), P50: h.Quantile(0.5).Value, P90: h.Quantile(0.9).Value, P99: h.Quantile(0.99).Value, P999: h.Quantile(0.999).Value, Max: h.Max}
	for _, b := range h.Buckets {
		q.AtLeast = q.AtLeast || b.Censored > 0
	}
	return q
}

// misses returns what did not hold, a sentence each, and notes the foremost of them.
func (p *Point) misses(cut *report.Report, due, acknowledged uint64, waiting, behind trend, length time.Duration) []string {
	var all []string
	p.Stop = StopExpectation
	if behind.grows(due, length) {
		p.Stop = StopBacklog
		all = append(all, fmt.Sprintf("the consumers fell behind by %s messages a second", number(behind.slope)))
	}
	if waiting.grows(due, length) {
		p.Stop = StopAchieved
		all = append(all, fmt.Sprintf("%s messages a second were acknowledged of %s due, and those that wait grew by %s a second",
			number(p.Achieved), number(float64(due)/length.Seconds()), number(waiting.slope)))
	}
	for _, reason := range cut.Verdict.Reasons {
		switch reason.Code {
		case report.ExitMissed, report.ExitSafety, report.ExitNotRecovered:
			all = append(all, reason.Text)
		}
	}
	return all
}

// validity says what the point's figures are worth. What was lost was lost, whoever was at its limit.
func (p *Point) validity(cut *report.Report, s *stretch, expectations []report.Expectation, ceiling float64) (Validity, string) {
	if p.unsafe(cut) {
		return Valid, ""
	}
	if why := s.tooFew(3 * time.Second); why != "" {
		return Inconclusive, why
	}
	for _, f := range cut.Validity {
		if f.Scope == report.ScopeSpeed {
			return GeneratorLimit, f.Text
		}
	}
	if len(p.Missed) > 0 {
		if why := p.generators(cut, s, expectations, ceiling); why != "" {
			return GeneratorLimit, why
		}
		if p.Stop == StopExpectation && !p.Settled {
			return Inconclusive, fmt.Sprintf("rate and lag were not flat yet when it was measured, and %s", p.Missed[0])
		}
		return Valid, ""
	}
	for _, reason := range cut.Verdict.Reasons {
		if reason.Code != report.ExitPass {
			return Inconclusive, reason.Text
		}
	}
	return Valid, ""
}

// unsafe reports whether something was lost, reordered or the like.
func (p *Point) unsafe(cut *report.Report) bool {
	return slices.ContainsFunc(cut.Verdict.Reasons, func(r report.Reason) bool { return r.Code == report.ExitSafety })
}

// generators says why a miss is the generator's; empty: it is not. Its own lag is part of every latency; a miss that is none from where a message is handed to
// the client, with room in that client's buffer, came about before the cluster was asked.
func (p *Point) generators(cut *report.Report, s *stretch, expectations []report.Expectation, ceiling float64) string {
	if ceiling > 0 && p.Rate >= nearCeiling*ceiling {
		return fmt.Sprintf("this machine's generator reaches %s messages a second with these settings, whoever takes them", number(ceiling))
	}
	if p.Stop != StopExpectation || slices.ContainsFunc(s.windows, func(w report.Window) bool { return w.Held > 0 }) {
		return ""
	}
	var handed []report.Expectation
	for _, e := range expectations {
		if e.Metric == "ack" {
			e.Metric = "service-time"
			e.Text = strings.Replace(e.Text, "ack", "service-time", 1)
			handed = append(handed, e)
		} else {
			handed = append(handed, e)
		}
	}
	again := s.alone(cut)
	report.Judge(again, handed)
	if again.Verdict.Outcome != report.Pass {
		return ""
	}
	return fmt.Sprintf("%s, and would have been met counted from where messages are handed to the client: the generator's own lag is what was too long (its p99 %s)",
		p.Missed[0], report.Human(p.Lag.P99))
}
