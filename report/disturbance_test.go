package report

import (
	"strings"
	"testing"
	"time"
)

// watched returns the report of a run of a minute whose every second was looked at, and in which nothing disturbed: a baseline of 9 s, a kill at 10 s that is
// healed at 21 s, and its recovery. In the seconds after the kill nothing was acknowledged for 9.6 s.
func watched() *Report {
	r := healthy()
	r.Phases[0].To, r.Phases[1].From, r.Phases[1].To = 9*time.Second, 9*time.Second, 21*time.Second
	recovering := PhaseFigures{Phase: Phase{Name: "recovery kill", Kind: Recovering, Fault: "kill", From: 21 * time.Second, To: 60 * time.Second}, Acknowledged: 20_000}
	r.Phases = append(r.Phases, recovering)
	for i := range 60 {
		w := Window{Start: time.Duration(i) * time.Second, Phase: "recovery kill", Due: 300, Sent: 300, Acknowledged: 300,
			Host: &HostSample{Idle: 0.02, Others: 0.05, Steal: 0.02, CPUSome: 0.97, MemorySome: 0.3, IOSome: 0.6, IOFull: 0.1,
				Throttled: map[string]float64{"b1": 0.02}}}
		slow := 5 * time.Millisecond
		switch {
		case i < 9:
			w.Phase = "baseline"
		case i < 21:
			w.Phase, w.Acknowledged, slow = "during kill", 30, 9*time.Second
		}
		w.Latency.Ack = Histogram{Buckets: []Bucket{{slow, 300, 0}}, Max: slow}
		w.Latency.Lag = Histogram{Buckets: []Bucket{{time.Millisecond, 300, 0}}, Max: time.Millisecond}
		r.Windows = append(r.Windows, w)
	}
	return r
}

// disturb changes what was sampled in the seconds [from, to).
func disturb(from, to int, change func(*HostSample)) func(*Report) {
	return func(r *Report) {
		for i := from; i < to; i++ {
			change(r.Windows[i].Host)
		}
	}
}

func steal(from, to int) func(*Report) {
	return disturb(from, to, func(h *HostSample) { h.Steal = 0.34 })
}

func all(changes ...func(*Report)) func(*Report) {
	return func(r *Report) {
		for _, c := range changes {
			c(r)
		}
	}
}

// of makes the fault one of a kind that was in force all the time with b1.
func of(kind string) func(*Report) {
	return func(r *Report) { r.Faults[0].Kind, r.Faults[0].Victims = kind, []string{"b1"} }
}

// later moves the second of two injections to the second half of the minute.
func later(r *Report) {
	many(2, 9600*time.Millisecond, 0)(r)
	f := &r.Faults[1]
	f.Commanded, f.Effective, f.Healing, f.Healed = 39*time.Second, 40*time.Second, 50*time.Second, 51*time.Second
}

func TestDisturbed(t *testing.T) {
	const stolen = "the host was disturbed: the hypervisor gave up to 34 % of the processors' time to others, from "
	tests := []struct {
		name   string
		change func(*Report)
		expect string
		want   Outcome
		code   ExitCode
		says   string
	}{
		{"missed, and nothing disturbed", func(*Report) {}, "recovery.service < 8s", Fail, ExitMissed, "got 9.6s"},
		{"missed while stolen from", steal(12, 15), "recovery.service < 8s", Inconclusive, ExitInconclusive, stolen + "12s to 15s"},
		{"met while stolen from", steal(12, 15), "recovery.service < 15s", Pass, ExitPass, "pass"},
		{"stolen from before the fault", steal(1, 3), "recovery.service < 8s", Fail, ExitMissed, "got 9.6s"},
		{"stolen from when it was back", steal(25, 28), "recovery.service < 8s", Fail, ExitMissed, "got 9.6s"},
		{"redundancy counts from healed", steal(21, 22), "recovery.redundancy < 500ms", Inconclusive, ExitInconclusive, stolen + "21s to 22s"},
		{"a length has no moment", all(steal(50, 51), func(r *Report) { r.Recovery[0].Brownout = KnownFigure(time.Second) }), "recovery.brownout == 0s", Inconclusive,
			ExitInconclusive, stolen + "50s to 51s"},
		{"stolen for a moment in each second", disturb(0, 60, func(h *HostSample) { h.Steal = 0.09 }), "recovery.service < 8s", Fail, ExitMissed, "got 9.6s"},
		{"another injection misses too, undisturbed", all(later, steal(12, 15)), "recovery.service < 8s of kill", Fail, ExitMissed, "got 9.6s"},
		{"every injection that misses is disturbed", all(later, steal(12, 15), steal(45, 46)), "recovery.service < 8s of kill", Inconclusive, ExitInconclusive, stolen},
		{"of the fault that is meant", all(later, steal(12, 15)), "recovery.service < 8s of kill #2", Fail, ExitMissed, "got 9.6s"},

		{"slow in the seconds that were disturbed", steal(9, 21), "ack.p99 < 1s", Inconclusive, ExitInconclusive, stolen + "9s to 21s"},
		{"slow in the seconds after", steal(9, 16), "ack.p50 < 1s during kill", Inconclusive, ExitInconclusive, stolen + "9s to 16s"},
		{"slow in most of the quiet seconds too", steal(9, 10), "ack.p50 < 1s during kill", Fail, ExitMissed, "got 9s"},
		{"slow in a phase that nothing disturbed", steal(30, 40), "ack.p50 < 1s during kill", Fail, ExitMissed, "got 9s"},
		{"fast although disturbed", steal(0, 60), "ack.p99 < 250ms during baseline", Pass, ExitPass, "pass"},
		{"few acknowledged in quiet seconds too", steal(18, 20), "ack.rate.min >= 100/s during kill", Fail, ExitMissed, "got 30/s"},
		{"few acknowledged in the disturbed second alone", all(steal(3, 4), func(r *Report) { r.Windows[3].Acknowledged = 10 }),
			"ack.rate.min >= 100/s during baseline", Inconclusive, ExitInconclusive, stolen + "3s to 4s"},
		{"rejected while stolen from", all(steal(12, 15), func(r *Report) { r.Safety.Rejected = 100 }), "rejected == 0", Inconclusive, ExitInconclusive, stolen},

		{"safety is never excused", all(steal(0, 60), func(r *Report) { r.Safety.Lost = 3 }), "lost == 0", Fail, ExitSafety, "3 acknowledged messages are lost"},
		{"never back, and nothing disturbed", open, "lost == 0", Fail, ExitNotRecovered, "service had not come back 32s after kill"},
		{"never back, disturbed for a moment", all(open, steal(30, 33)), "lost == 0", Fail, ExitNotRecovered, "service had not come back 32s after kill"},
		{"never back, disturbed for most of the time", all(open, steal(9, 45)), "lost == 0", Inconclusive, ExitInconclusive, stolen + "9s to 45s"},
		{"nothing acknowledged", func(r *Report) { r.Safety.Acknowledged = 0 }, "lost == 0", Fail, ExitMissed, "nothing was acknowledged"},
		{"nothing acknowledged, all disturbed", all(steal(0, 60), func(r *Report) { r.Safety.Acknowledged = 0 }), "lost == 0", Inconclusive, ExitInconclusive,
			"nothing was acknowledged: " + stolen},

		{"a busy machine", disturb(0, 60, func(h *HostSample) { h.Idle, h.CPUSome = 0, 1 }), "recovery.service < 8s", Fail, ExitMissed, "got 9.6s"},
		{"other programs while processors are idle", disturb(12, 15, func(h *HostSample) { h.Others, h.Idle = 0.5, 0.3 }), "recovery.service < 8s", Fail, ExitMissed, "got 9.6s"},
		{"other programs take what the run wants", disturb(12, 15, func(h *HostSample) { h.Others = 0.5 }), "recovery.service < 8s", Inconclusive, ExitInconclusive,
			"other programs took up to 50 % of the processors' time, and hardly any was left, from 12s to 15s"},
		{"short of memory", disturb(12, 15, func(h *HostSample) { h.MemoryFull = 0.2 }), "recovery.service < 8s", Inconclusive, ExitInconclusive,
			"memory was so short that for up to 20 % of a second nothing got on, from 12s to 15s"},
		{"short of memory, as asked", all(of("limit-memory"), disturb(12, 15, func(h *HostSample) { h.MemoryFull = 0.2 })), "recovery.service < 8s", Fail, ExitMissed, "got"},
		{"a disk that stalls", disturb(12, 14, func(h *HostSample) { h.IOFull = 0.9 }), "recovery.service < 8s", Inconclusive, ExitInconclusive,
			"a disk was so slow that for up to 90 % of a second nothing got on, from 12s to 14s"},
		{"a disk that is always waited for", disturb(0, 60, func(h *HostSample) { h.IOFull = 0.9 }), "recovery.service < 8s", Fail, ExitMissed, "got"},
		{"a disk that is filled", all(of("fill-disk"), disturb(12, 14, func(h *HostSample) { h.IOFull = 0.9 })), "recovery.service < 8s", Fail, ExitMissed, "got"},
		{"a broker that is throttled", disturb(12, 14, func(h *HostSample) { h.Throttled["b1"] = 0.4 }), "recovery.service < 8s", Inconclusive, ExitInconclusive,
			"b1 was throttled, by no fault, for up to 40 % of a second, from 12s to 14s"},
		{"squall that is throttled", disturb(12, 14, func(h *HostSample) { h.Throttled["squall"] = 0.4 }), "recovery.service < 8s", Inconclusive, ExitInconclusive, "squall was throttled"},
		{"a broker that is throttled as asked", all(of("throttle-cpu"), disturb(9, 23, func(h *HostSample) { h.Throttled["b1"] = 0.9 })), "recovery.service < 8s", Fail,
			ExitMissed, "got"},
		{"another than the one that was to be throttled", all(of("throttle-cpu"), disturb(12, 14, func(h *HostSample) { h.Throttled["b2"] = 0.9 })), "recovery.service < 8s",
			Inconclusive, ExitInconclusive, "b2 was throttled"},
		{"throttled before and after the fault that asks for it", all(of("throttle-cpu"), disturb(3, 5, func(h *HostSample) { h.Throttled["b1"] = 0.9 })),
			"ack.p99 < 1ms during baseline", Inconclusive, ExitInconclusive, "b1 was throttled"},
		{"a process that the kernel ended", disturb(12, 13, func(h *HostSample) { h.OOMKills = map[string]uint64{"b2": 1} }), "recovery.service < 8s", Inconclusive,
			ExitInconclusive, "the kernel ended processes of b2 for want of memory"},

		{"a broker dies", func(r *Report) { r.Crashes = []Crash{{Node: "b1", At: 30 * time.Second}} }, "lost == 0", Fail, ExitMissed, "b1 died at 30s, outside any fault"},
		{"the kernel ends a broker", func(r *Report) { r.Crashes = []Crash{{Node: "b1", At: 30 * time.Second, OutOfMemory: true}} }, "lost == 0", Inconclusive,
			ExitInconclusive, "the kernel ended b1 at 30s for want of memory, outside any fault"},
		{"slow because the kernel ended a broker", func(r *Report) { r.Crashes = []Crash{{Node: "b1", At: 5 * time.Second, OutOfMemory: true}} },
			"ack.p99 < 1s during kill", Inconclusive, ExitInconclusive, "ack.p99 < 1s during kill: the host was disturbed: the kernel ended processes of b1"},
		{"slow before the kernel ended a broker", func(r *Report) { r.Crashes = []Crash{{Node: "b1", At: 30 * time.Second, OutOfMemory: true}} },
			"ack.p99 < 1ms during baseline", Fail, ExitMissed, "ack.p99 < 1ms during baseline: got 5ms"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := watched()
			test.change(r)
			e, err := ParseExpectation(test.expect, []string{"kill", "kill #2"})
			if err != nil {
				t.Fatal(err)
			}
			Judge(r, []Expectation{e})
			if v := r.Verdict; v.Outcome != test.want || v.ExitCode != test.code || !strings.Contains(v.Sentence, test.says) {
				t.Errorf("got %s, exit code %d: %s\ndisturbances: %v", v.Outcome, v.ExitCode, v.Sentence, r.Disturbances)
			}
		})
	}
}

// Seconds that follow one another are told as one, with the worst of them; what disturbs at the same time is told by itself.
func TestDisturbances(t *testing.T) {
	r := watched()
	all(steal(3, 5), disturb(4, 7, func(h *HostSample) { h.Steal = 0.5 }), steal(30, 31), disturb(4, 5, func(h *HostSample) { h.Throttled["b1"] = 1.5 }))(r)
	got := disturbances(r)
	want := []Disturbance{
		{Kind: DisturbedSteal, From: 3 * time.Second, To: 7 * time.Second, Most: 0.5},
		{Kind: DisturbedThrottled, Who: "b1", From: 4 * time.Second, To: 5 * time.Second, Most: 1.5},
		{Kind: DisturbedSteal, From: 30 * time.Second, To: 31 * time.Second, Most: 0.34},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}
