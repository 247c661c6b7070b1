package scenarios

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/loadgen"
)

// What a chart takes in a terminal, in characters.
const (
	chartWidth  = 64
	chartHeight = 6
)

// eighths are blocks that fill a character from below, in eighths of its height.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// explainPace draws how the rate changes, where it does.
func explainPace(b *strings.Builder, s *Scenario) {
	if s.Load.Shape == nil || s.Load.ClosedLoop() {
		return
	}
	fmt.Fprintf(b, "\nRate, in messages per second: %s\n", s.Load.Pace())
	for _, line := range chart(s.Curve(), s.LoadEnd()) {
		fmt.Fprintf(b, "  %s\n", line)
	}
}

// explainWaiting tells how the schedule is kept.
func explainWaiting(b *strings.Builder, s *Scenario) {
	if s.Load.ClosedLoop() {
		return
	}
	how := loadgen.Pacing(s.Load.Pacing).String()
	if s.Load.Pacing == PacingAuto { // not what it comes to here: explain says the same everywhere
		how = fmt.Sprintf("left to the machine: precise with more than %d cores, else economical", s.coresToWait())
	}
	fmt.Fprintf(b, "\nPacing: %s\n", how)
}

// chart draws the rate of a curve from 0 to length, each column the highest rate of its stretch of time, so that no burst is too short to be seen.
func chart(c loadgen.Curve, length time.Duration) []string {
	const parts = 16 // of a column, each looked at by itself
	var columns [chartWidth]float64
	top := 0.0
	for i := range columns {
		for j := range parts {
			from, to := length*time.Duration(i*parts+j)/(chartWidth*parts), length*time.Duration(i*parts+j+1)/(chartWidth*parts)
			columns[i] = max(columns[i], (c.Count(to)-c.Count(from))/(to-from).Seconds())
		}
		top = max(top, columns[i])
	}
	if top == 0 {
		return nil
	}
	labels := map[int]string{0: thousands(top), chartHeight / 2: thousands(top / 2)}
	var lines []string
	for row := range chartHeight {
		var line strings.Builder
		fmt.Fprintf(&line, "%11s  ", labels[row])
		for _, rate := range columns {
			filled := int(rate/top*chartHeight*8+0.5) - 8*(chartHeight-1-row)
			line.WriteRune(eighths[min(max(filled, 0), 8)])
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	end := writeDuration(length)
	return append(lines, fmt.Sprintf("%11s  0s%*s", "", chartWidth-2, end))
}
