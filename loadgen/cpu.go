package loadgen

import (
	"runtime/metrics"
	"time"
)

// A meter tells what this process costs, between one look and the next.
type meter struct {
	at      time.Time
	used    time.Duration
	gc      float64 // seconds
	samples []metrics.Sample
}

// usage is what a process used since it was last looked at.
type usage struct {
	cores, gc  float64
	goroutines int
}

func newMeter() *meter {
	m := &meter{samples: []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/sched/goroutines:goroutines"}}}
	m.look()
	return m
}

func (m *meter) look() usage {
	metrics.Read(m.samples)
	at, used, gc := time.Now(), cpuTime(), m.samples[0].Value.Float64()
	u := usage{goroutines: int(m.samples[1].Value.Uint64())}
	if elapsed := at.Sub(m.at).Seconds(); elapsed > 0 {
		u.cores, u.gc = (used-m.used).Seconds()/elapsed, (gc-m.gc)/elapsed
	}
	m.at, m.used, m.gc = at, used, gc
	return u
}
