package loadgen

import "time"

// cpuMeter tells how many cores this process used since it was last asked.
type cpuMeter struct {
	at   time.Time
	used time.Duration
}

func newCPUMeter() cpuMeter { return cpuMeter{at: time.Now(), used: cpuTime()} }

func (m *cpuMeter) cores() float64 {
	now := newCPUMeter()
	elapsed, used := now.at.Sub(m.at), now.used-m.used
	*m = now
	if elapsed <= 0 {
		return 0
	}
	return float64(used) / float64(elapsed)
}
