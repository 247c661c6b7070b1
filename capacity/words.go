package capacity

import (
	"fmt"
	"math"

	"github.com/seed-228c25e4/squall/report"
)

// number prints a rate without its unit: "12,300".
func number(rate float64) string {
	if rate < 0 {
		return "-" + number(-rate)
	}
	if rate < 10 && rate != math.Trunc(rate) {
		return fmt.Sprintf("%.1f", rate)
	}
	return report.Thousands(uint64(math.Round(rate)))
}

// perSecond prints a rate: "12,300/s".
func perSecond(rate float64) string { return number(rate) + "/s" }

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
