package report

import (
	"fmt"
	"math"
	"time"
)

// A Calibration says how much the generator could send before the run, to a broker in its own process that forgets what it is told: an upper bound
// for what it can send to any other, on the machine as it was then.
type Calibration struct {
	Ceiling float64       `json:"ceiling"` // messages per second that were acknowledged
	Target  float64       `json:"target"`  // the most that the schedule asks for in any second, in messages per second; 0: no schedule
	Took    time.Duration `json:"took_ns"` // how long it was measured
}

// headroomLimit is the share of its ceiling above which a generator may well be what is measured: the broker's clients have more to do than
// calibration's, with replies that come late and messages that are read as well.
const headroomLimit = 0.5

// Share returns which part of the ceiling the target is; 0 without a target.
func (c Calibration) Share() float64 { return c.Target / c.Ceiling }

// String tells the headroom in one line.
func (c Calibration) String() string {
	ceiling := Thousands(uint64(math.Round(c.Ceiling)))
	if c.Target == 0 {
		return fmt.Sprintf("this machine's generator reaches %s messages/s with these settings; there is no schedule to hold it against", ceiling)
	}
	text := fmt.Sprintf("the target of %s messages/s is %.2g %% of the %s that this machine's generator reaches with these settings",
		Thousands(uint64(math.Round(c.Target))), 100*c.Share(), ceiling)
	if c.Share() > headroomLimit {
		text += ": too near for figures that are the broker's alone"
	}
	return text
}
