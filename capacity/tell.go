package capacity

import (
	"fmt"
	"math"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// roughly tells a rate that was reckoned with the three digits that it is worth: "41,200/s".
func roughly(rate float64) string {
	if math.IsNaN(rate) || math.IsInf(rate, 0) || rate < 0 {
		return "?"
	}
	return perSecond(round(rate))
}

func humanBytes(v float64) string {
	if math.IsNaN(v) || v < 0 {
		return "?"
	}
	return report.HumanBytes(uint64(min(v, math.MaxInt64)))
}

// bytesPerSecond tells a rate in bytes: "40.2 MiB/s".
func bytesPerSecond(v float64) string { return humanBytes(v) + "/s" }

// both tells a rate in messages and in bytes, where those are known.
func both(rate, bytes float64) string {
	if bytes <= 0 {
		return perSecond(rate)
	}
	return fmt.Sprintf("%s (%s)", perSecond(rate), bytesPerSecond(bytes))
}

// String tells where the limit lies.
func (l *Limit) String() string {
	switch {
	case l == nil:
		return "not known"
	case l.High == 0:
		return "above " + roughly(l.Low)
	}
	return fmt.Sprintf("between %s and %s", roughly(l.Low), roughly(l.High))
}

// String tells what was found on a curve.
func (k *Knee) String() string {
	switch {
	case k == nil:
		return "not measured"
	case k.Rate == 0 && k.Answer == Below:
		return "less than was tried"
	case k.Rate == 0:
		return "not known"
	case k.Answer == AtLeast, k.Answer == Unknown:
		return "at least " + both(k.Rate, k.Bytes)
	}
	return both(k.Rate, k.Bytes)
}

// inStates are the states in the words of a sentence.
var inStates = map[State]string{Healthy: "with all brokers", OneDown: "with one broker down", CatchingUp: "while a broker catches up"}

// answer is the answer in one sentence, with its intervals; where nothing was found, what the search came to.
func (r *Result) answer() string {
	healthy := r.knee(r.main(Healthy))
	if healthy == nil || healthy.Rate == 0 {
		return r.Verdict.Sentence
	}
	var parts []string
	for _, state := range []State{Healthy, OneDown, CatchingUp} {
		k := r.knee(r.main(state))
		if k == nil || k.Rate == 0 && k.Answer != Below {
			continue
		}
		part := k.String() + " " + inStates[state]
		if c := r.main(state); c.Found.Stop == StopStated && k.Answer == AtLeast {
			part += ", the limit that you stated"
		}
		if k.Rate > 0 && k.Answer == Bracketed && k.Limit != nil {
			if len(parts) == 0 {
				part += fmt.Sprintf(" (the limit lies %s, 95 %% sure)", k.Limit)
			} else {
				part += fmt.Sprintf(" (%s)", k.Limit)
			}
		}
		parts = append(parts, part)
	}
	text := "It carries " + listed(parts)
	if a := r.Analysis.Advice; a != nil {
		least := "no more than"
		if a.AtLeast {
			least = "up to" // more may do
		}
		text += fmt.Sprintf("; run it at %s %s: %s", least, perSecond(a.Rate), a.By)
	}
	return text + "."
}

// remark is what the verdict says beside the answer: nothing where there is one for each question.
func (r *Result) remark() string {
	text := ""
	if r.Verdict.Outcome != report.Pass && r.Verdict.Sentence != r.Analysis.Answer {
		text = r.Verdict.Sentence
	}
	if r.Stopped != "" && !strings.Contains(text, r.Stopped) {
		text = strings.TrimSpace(text + " Stopped before its end: " + r.Stopped + ".")
	}
	return text
}

func listed(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + ", and " + parts[len(parts)-1]
}

// because tells why an answer is worth less than a reader would think; empty: it is not.
func (r *Result) because(k *Knee, c *Curve) string {
	switch {
	case k == nil || c == nil || c.Found == nil:
		return ""
	case k.Answer == AtLeast && c.Found.Stop == StopGenerator:
		return "The machine that made the load was at its limit: this is what it can send, and the cluster may carry more."
	case k.Answer == AtLeast && c.Found.Stop == StopStated:
		return "No limit was found: everything held up to the limit that you stated (broker.external.max-rate), and nothing above it was sent."
	case k.Answer == AtLeast && c.Found.Stop == StopUnknown:
		return c.unjudged()
	case k.Answer == AtLeast && c.State == OneDown && c.Found.Stop == StopHighest:
		return "No limit was found: everything held up to what it carries with all brokers, and no higher rate was tried."
	case k.Answer == AtLeast && c.State == CatchingUp && c.Found.Stop == StopHighest:
		return "No limit was found: everything held up to what it carries with one broker down, and no higher rate was tried."
	case k.Answer == AtLeast:
		return "No limit was found: everything held up to the highest rate that was tried."
	case k.Answer == Below:
		return "Something was missed at the lowest rate already."
	case k.Answer == Unknown && k.Rate > 0:
		return "Whether it carries more is open: " + string(c.Found.Stop) + "."
	case k.Answer == Unknown:
		return "Nobody can know: " + string(c.Found.Stop) + "."
	}
	return ""
}

// unjudged tells how far the limit of a curve is known whose runs next above its answer say nothing.
func (c *Curve) unjudged() string {
	for _, at := range c.ByRate() {
		if at.Rate > c.Found.Low && at.Held == 0 {
			return fmt.Sprintf("Where the limit lies is open: at %s something was missed, and the runs at rates between cannot be judged.", perSecond(at.Rate))
		}
	}
	return "No limit was found: the runs at higher rates cannot be judged."
}
