package recovery

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A timer explains a part of a recovery that is up to a quarter shorter than it, for it counts from the last sign of life, which came before the
// fault; or up to slow longer, but never more than twice as long.
const (
	earlyShare = 4
	slow       = time.Second
)

// explain names the timer that explains the largest part of an outage, where one does: the time to detection, or the time from there on. Where no
// detection was seen within the outage, no timer of detection explains it: service may have come back because the fault ended. Of several that
// fit, it is the most decisive.
func explain(r report.Recovery, timers []report.Timer) string {
	if !r.Service.Known || r.Service.Value == 0 {
		return ""
	}
	largest, parts := r.Service.Value, []string{"election", "client discovery"}
	if d := r.Detect; d.Known && d.Value > 0 && d.Value <= r.Service.Value {
		largest, parts = d.Value, []string{"detection"}
		if rest := r.Service.Value - d.Value; rest > d.Value {
			largest, parts = rest, []string{"election", "client discovery"}
		}
	}
	for _, t := range timers {
		if slices.Contains(parts, t.Part) && fits(largest, t.Value) {
			return fmt.Sprintf("%s of %s: %s = %s", report.Human(largest), report.Human(r.Service.Value), t.Name, report.Human(t.Value))
		}
	}
	return ""
}

func fits(part, timer time.Duration) bool {
	return timer > 0 && part >= timer-timer/earlyShare && part <= timer+min(slow, timer)
}
