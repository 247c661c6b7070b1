package report

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// healthy returns a report of a run in which everything went well, with one fault.
func healthy() *Report {
	baseline := PhaseFigures{Phase: Phase{Name: "baseline", Kind: Baseline}, Acknowledged: 20_000}
	baseline.Latency.Ack = Histogram{Buckets: []Bucket{{5 * time.Millisecond, 19_900, 0}, {50 * time.Millisecond, 100, 0}}, Max: 50 * time.Millisecond}
	during := PhaseFigures{Phase: Phase{Name: "during kill", Kind: During, Fault: "kill"}, Acknowledged: 20_000}
	during.Latency.Ack = Histogram{Buckets: []Bucket{{9 * time.Second, 20_000, 0}}, Max: 9 * time.Second}
	return &Report{
		Run: Run{Host: Host{CPUs: 2, MaxProcs: 2}, Contract: Contract{Durable: true, Ordered: true, Unique: true, Redelivers: true}},
		Safety: Safety{Sent: 40_000, Acknowledged: 40_000, Delivered: 40_000, Verified: 40_000, Drained: true,
			FinalRead: FinalRead{Done: true}},
		Faults:   []Fault{{Name: "kill", Commanded: 9 * time.Second, Effective: 10 * time.Second, Healing: 20 * time.Second, Healed: 21 * time.Second, Survives: true}},
		Recovery: []Recovery{{Fault: "kill", Threshold: 500 * time.Millisecond, Service: KnownFigure(9600 * time.Millisecond), Redundancy: KnownFigure(time.Second)}},
		Phases:   []PhaseFigures{baseline, during},
		History:  History{Rate: 300, LoadEnd: 60 * time.Second},
	}
}

// open leaves a gap open when the load ends.
func open(r *Report) {
	r.Recovery[0].Service = CensoredFigure(32 * time.Second)
	r.Recovery[0].Gaps = []Silence{{Direction: Produce, From: 28 * time.Second, To: 60 * time.Second, Open: true}}
}

// seconds returns some like w of the baseline, in each of which 1,000 messages were due that no full client held back.
func seconds(w Window) []Window {
	w.Phase, w.Due = "baseline", 1000
	w.Latency.Lag = Histogram{Buckets: []Bucket{{time.Millisecond, 1000, 0}}, Max: time.Millisecond}
	return []Window{w, w, w, w, w, w, w}
}

// rates gives a report a second of the baseline with so many acknowledged, and then some of the fault, between seconds that belong to both and to none.
func rates(r *Report, baseline uint64, during ...uint64) {
	const begin = 10 * time.Second
	r.Phases[0].From, r.Phases[0].To = begin, begin+1500*time.Millisecond
	r.Phases[1].From, r.Phases[1].To = begin+1500*time.Millisecond, begin+time.Duration(len(during)+2)*time.Second+time.Millisecond
	r.History.LoadEnd = r.Phases[1].To
	all := []Window{{Start: begin, Acknowledged: baseline}, {Start: begin + time.Second, Acknowledged: 1}}
	for i, n := range during {
		all = append(all, Window{Start: begin + time.Duration(i+2)*time.Second, Acknowledged: n})
	}
	r.Windows = append(all, Window{Start: begin + time.Duration(len(during)+2)*time.Second, Acknowledged: 1})
}

// many makes n injections of the fault, the first of which took so long, each other a millisecond longer, and the last few never recovered.
func many(n int, service time.Duration, never int) func(*Report) {
	return func(r *Report) {
		fault, rec := r.Faults[0], r.Recovery[0]
		r.Faults, r.Recovery = nil, nil
		for i := range n {
			f, own := fault, rec
			f.Name = fmt.Sprintf("kill #%d", i+1)
			own.Fault, own.Service = f.Name, KnownFigure(service+time.Duration(i)*time.Millisecond)
			if i >= n-never {
				own.Service = CensoredFigure(32 * time.Second)
			}
			r.Faults, r.Recovery = append(r.Faults, f), append(r.Recovery, own)
		}
	}
}

// lose has 7 messages lost where nothing is promised.
func lose(r *Report, youngest, oldest time.Duration) {
	r.Run.Contract.Durable = false
	r.Safety.Lost, r.Safety.Loss = 7, &Loss{Bytes: 700, Fault: "kill", Youngest: youngest, Oldest: oldest}
}

// leftOut adds n injections of random faults, some of which were left out.
func leftOut(r *Report, n, some int) {
	for i := range n {
		f := r.Faults[0]
		if f.Name = fmt.Sprintf("soak #%d", i+1); i < some {
			f.Commanded, f.Effective, f.Healed, f.LeftOut = Never, Never, Never, "b1 is never to be hurt"
		}
		r.Faults = append(r.Faults, f)
	}
}

func TestJudge(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Report)
		expect []string
		want   Outcome
		code   ExitCode
		says   string
	}{
		{"all well", func(*Report) {}, []string{"lost == 0", "recovery.service < 15s of kill", "ack.p99 < 250ms during baseline"}, Pass, ExitPass, "pass: "},
		{"no objective", func(*Report) {}, nil, Pass, ExitPass, "no objective stated"},
		{"lost breaks the contract", func(r *Report) { r.Safety.Lost = 7 }, nil, Fail, ExitSafety, "7 acknowledged messages are lost"},
		{"lost where nothing is promised", func(r *Report) { r.Safety.Lost, r.Run.Contract.Durable = 7, false }, nil, Pass, ExitPass, "7 lost"},
		{"lost where nothing is promised, but expected", func(r *Report) { r.Safety.Lost, r.Run.Contract.Durable = 7, false }, []string{"lost == 0"}, Fail, ExitSafety, "got 7"},
		{"corrupt is nobody's promise", func(r *Report) { r.Safety.Corrupt = 1; r.Run.Contract = Contract{} }, nil, Fail, ExitSafety, "corrupt"},
		{"the recovery point", func(r *Report) { lose(r, time.Second, 1010*time.Millisecond) }, []string{"lost.age <= 2s", "lost.bytes <= 1KiB"}, Pass, ExitPass, "pass"},
		{"the recovery point is too far back", func(r *Report) { lose(r, 3*time.Second, 3010*time.Millisecond) }, []string{"lost.age <= 2s"}, Fail, ExitSafety, "got 3.01s"},
		{"the recovery point may be too far back", func(r *Report) { lose(r, 1990*time.Millisecond, 2010*time.Millisecond) }, []string{"lost.age <= 2s"}, Inconclusive,
			ExitInconclusive, "it lies between 1.99s and 2.01s"},
		{"the recovery point without a fault", func(r *Report) { lose(r, 0, 0); r.Safety.Loss.Fault = "" }, []string{"lost.age <= 2s"}, Inconclusive, ExitInconclusive, "no fault took effect"},
		{"the recovery point where nothing is lost", func(*Report) {}, []string{"lost.age == 0s", "lost.bytes == 0"}, Pass, ExitPass, "pass"},
		{"lost bytes", func(r *Report) { lose(r, 0, 0) }, []string{"lost.bytes <= 0.5KiB"}, Fail, ExitSafety, "got 700 bytes"},
		{"lost in a report that does not tell more", func(r *Report) { lose(r, 0, 0); r.Safety.Loss = nil }, []string{"lost.bytes <= 0.5KiB", "lost.age < 1s"}, Inconclusive,
			ExitInconclusive, "does not tell"},
		{"a leader epoch that went back", func(r *Report) { r.Safety.EpochRegression = 2 }, nil, Fail, ExitSafety, "a leader epoch went back 2 times"},
		{"a leader epoch that went back with a loss", func(r *Report) { r.Safety.EpochRegression, r.Safety.Lost, r.Run.Stated = 2, 1, "fail(lost)" }, nil, Pass, ExitPass, "as the scenario states"},
		{"a committed offset that went back, at least once", func(r *Report) { r.Safety.CommitRegression = 1 }, nil, Pass, ExitPass, "pass"},
		{"a committed offset that went back, exactly once", func(r *Report) { r.Safety.CommitRegression, r.Run.Contract.Redelivers = 1, false }, nil, Fail, ExitSafety, "a committed offset went back"},
		{"a committed offset that went back, unexpectedly", func(r *Report) { r.Safety.CommitRegression = 1 }, []string{"commit-regression == 0"}, Fail, ExitSafety, "got 1"},
		{"an offset given twice", func(r *Report) { r.Safety.OffsetConflict = 3 }, nil, Fail, ExitSafety, "3 offsets were given to two messages"},
		{"an offset given twice where nothing is promised", func(r *Report) { r.Safety.OffsetConflict, r.Run.Contract.Durable = 3, false }, nil, Pass, ExitPass, "pass"},
		{"an offset given twice where nothing is promised, but expected", func(r *Report) { r.Safety.OffsetConflict, r.Run.Contract.Durable = 3, false },
			[]string{"offset-conflict == 0"}, Fail, ExitSafety, "got 3"},
		{"an offset given twice after a loss is its consequence", func(r *Report) { r.Safety.OffsetConflict, r.Safety.Lost, r.Run.Stated = 3, 3, "fail(lost)" }, nil,
			Pass, ExitPass, "as the scenario states"},
		{"duplicates of a producer that is not idempotent", func(r *Report) { r.Safety.Duplicates, r.Run.Contract.Unique = 3, false }, nil, Pass, ExitPass, "pass"},
		{"redelivered is allowed at least once", func(r *Report) { r.Safety.Redelivered = 500 }, nil, Pass, ExitPass, "pass"},
		{"safety wins over speed", func(r *Report) { r.Safety.Lost = 1 }, []string{"ack.p99 < 1ms during baseline"}, Fail, ExitSafety, "lost"},
		{"speed missed", func(*Report) {}, []string{"ack.p99 < 1ms during baseline"}, Fail, ExitMissed, "got 5ms"},
		{"not healed", func(r *Report) {
			r.Faults[0].Healed, r.Faults[0].HealError, r.Faults[0].Victims = Never, "start b2: no disk (tried 11 times)", []string{"b2"}
		}, []string{"lost == 0"}, Inconclusive, ExitInternal, "squall failed to heal b2 after fault kill: start b2: no disk (tried 11 times)"},
		{"of one of several injections", func(r *Report) { r.Faults[0].Name, r.Recovery[0].Fault = "kill #3", "kill #3" },
			[]string{"recovery.service < 8s of kill"}, Fail, ExitMissed, "got 9.6s"},
		{"during one of several injections", func(r *Report) {
			r.Faults[0].Name, r.Recovery[0].Fault = "kill #3", "kill #3"
			r.Phases[1].Name, r.Phases[1].Fault = "during kill #3", "kill #3"
		}, []string{"ack.p99 < 5s during kill"}, Fail, ExitMissed, "got 9s"},
		{"a rate against the baseline", func(r *Report) { rates(r, 1000, 960) }, []string{"ack.rate >= 95% of baseline during kill"}, Pass, ExitPass, "pass"},
		{"a rate below the baseline", func(r *Report) { rates(r, 1000, 900) }, []string{"ack.rate >= 95% of baseline during kill"}, Fail, ExitMissed,
			"got 900/s, 90% of the baseline's 1000/s"},
		{"of all faults", func(r *Report) { rates(r, 1000, 900) }, []string{"ack.rate >= 95% of baseline during faults"}, Fail, ExitMissed, "got 900/s"},
		{"the worst second", func(r *Report) { rates(r, 1000, 960, 100) }, []string{"ack.rate.min >= 50% of baseline during kill"}, Fail, ExitMissed, "got 100/s, 10% of"},
		{"no rate in the baseline", func(r *Report) { rates(r, 0, 900) }, []string{"ack.rate >= 95% of baseline during kill"}, Inconclusive, ExitInconclusive,
			"no value that something could be a part of"},
		{"nothing measured in the phase", func(r *Report) { rates(r, 1000) }, []string{"ack.rate >= 95% of baseline during kill"}, Inconclusive, ExitInconclusive,
			"no whole second"},
		{"latency against the baseline", func(*Report) {}, []string{"ack.p50 <= 300% of baseline during kill"}, Fail, ExitMissed, "got 9s, 180000% of the baseline's 5ms"},
		{"success during a phase", func(r *Report) { r.Phases[1].Rejected = 20_000 }, []string{"success.ratio >= 99% during kill"}, Fail, ExitMissed, "got 50%"},
		{"rejected during a phase", func(r *Report) { r.Phases[1].Rejected = 20_000 }, []string{"rejected == 0 during baseline"}, Pass, ExitPass, "pass"},
		{"the median of several injections", many(9, 8*time.Second, 0), []string{"recovery.service.p50 < 8500ms of kill", "recovery.service.min >= 8s"}, Pass, ExitPass, "pass"},
		{"the greatest of several injections", many(9, 8*time.Second, 1), []string{"recovery.service < 20s of kill"}, Fail, ExitNotRecovered, "> 32s"},
		{"a median below which censored ones do not reach", many(9, 8*time.Second, 1), []string{"recovery.service.p50 < 9s of kill"}, Pass, ExitPass, "pass"},
		{"a 95th percentile of too few", many(9, 8*time.Second, 0), []string{"recovery.service.p95 < 20s of kill"}, Inconclusive, ExitInconclusive, "p95 needs 20 injections, and there are 9"},
		{"a 95th percentile", many(20, 8*time.Second, 1), []string{"recovery.service.p95 < 20s of kill"}, Pass, ExitPass, "pass"},
		{"outage area and blast radius", func(r *Report) { r.Recovery[0].OutageArea, r.Recovery[0].BlastRadius = 500, 0.5 },
			[]string{"recovery.outage-area <= 100 of kill", "recovery.blast-radius <= 50%"}, Fail, ExitMissed, "got 500"},
		{"the longest silence", func(r *Report) { r.Recovery[0].Longest = []Silence{{From: time.Second, To: 4 * time.Second}} }, []string{"recovery.silence < 2s"}, Fail, ExitMissed, "got 3s"},
		{"no failover", func(r *Report) { r.Recovery[0].Vacuous, r.Recovery[0].Service = "b3 led nothing", KnownFigure(0) }, []string{"recovery.service < 8s of kill"},
			Inconclusive, ExitInconclusive, "b3 led nothing"},
		{"no failover, and a miss", func(r *Report) { r.Recovery[0].Vacuous = "over before the timer" }, []string{"recovery.service < 8s of kill"}, Inconclusive, ExitInconclusive, "over before"},
		{"no failover, and one of another fault", func(r *Report) {
			r.Recovery = append(r.Recovery, r.Recovery[0])
			r.Recovery[1].Vacuous = "b3 led nothing"
		}, []string{"recovery.service < 15s"}, Pass, ExitPass, "pass"},
		{"no failover of one of several injections, which says nothing of the others", func(r *Report) {
			many(3, 8*time.Second, 0)(r)
			r.Recovery[1].Vacuous, r.Recovery[1].Service, r.Recovery[2].Vacuous, r.Recovery[2].Service = "led nothing", KnownFigure(0), "led nothing", KnownFigure(0)
		}, []string{"recovery.service.p50 < 5s of kill"}, Fail, ExitMissed, "got 8s"},
		{"a censored one, and one that is longer", func(r *Report) {
			many(3, 10*time.Second, 0)(r)
			r.Recovery[1].Service = CensoredFigure(3 * time.Second)
		}, []string{"recovery.service < 5s of kill"}, Fail, ExitNotRecovered, "> 10s"},
		{"half of the partitions, of a gap that was still open", func(r *Report) { r.Recovery[0].BlastRadius, r.Recovery[0].Service = 0.5, CensoredFigure(9*time.Second) },
			[]string{"recovery.blast-radius <= 50%"}, Inconclusive, ExitInconclusive, "nobody knows"},
		{"all of the partitions, of a gap that was still open", func(r *Report) { r.Recovery[0].BlastRadius, r.Recovery[0].Service = 1, CensoredFigure(9*time.Second) },
			[]string{"recovery.blast-radius <= 100%"}, Pass, ExitPass, "pass"},
		{"a silence that was still open", func(r *Report) {
			r.Recovery[0].Longest = []Silence{{From: time.Second, To: 6 * time.Second}}
			r.Recovery[0].Gaps = []Silence{{From: 7 * time.Second, To: 10 * time.Second, Open: true}}
		}, []string{"recovery.silence < 6s"}, Inconclusive, ExitInconclusive, "nobody knows"},
		{"no failover, and something else is judged", func(r *Report) { r.Recovery[0].Vacuous = "b3 led nothing" }, []string{"lost == 0", "ack.p99 < 250ms during baseline", "recovery.redundancy < 2s of kill"},
			Pass, ExitPass, "pass"},
		{"of random faults", func(r *Report) { r.Faults[0].Group = "soak" }, []string{"recovery.service < 8s of soak"}, Fail, ExitMissed, "got 9.6s"},
		{"left out is no failure", func(r *Report) {
			r.Faults = append(r.Faults, Fault{Name: "kill #2", Commanded: Never, Effective: Never, Healed: Never, LeftOut: "b1 is never to be hurt"})
			r.Recovery = append(r.Recovery, Recovery{Fault: "kill #2", Service: UnknownFigure("it did not take effect")})
		}, []string{"recovery.service < 15s of kill"}, Pass, ExitPass, "pass: "},
		{"all left out is no pass", func(r *Report) { leftOut(r, 7, 7) }, nil, Inconclusive, ExitInconclusive, "every injection of soak was left out: 7"},
		{"one, and it was left out", func(r *Report) { leftOut(r, 1, 1) }, nil, Inconclusive, ExitInconclusive, "every injection of soak was left out: 1"},
		{"some left out", func(r *Report) { leftOut(r, 7, 6) }, nil, Pass, ExitPass, "pass"},
		{"until came to nothing", func(r *Report) { r.Faults[0].Error = "until lag > 3: it did not come within 9s; it is 0" }, nil, Inconclusive, ExitInconclusive,
			"fault kill took effect, and did not end as planned: until lag > 3"},
		{"a warning changes nothing", func(*Report) {}, []string{"ack.p99 < 1ms during baseline (warn)"}, Pass, ExitPass, "pass"},
		{"recovery missed", func(*Report) {}, []string{"recovery.service < 8s"}, Fail, ExitMissed, "got 9.6s"},
		{"never recovered", func(r *Report) { open(r) }, []string{"recovery.service < 15s"}, Fail, ExitNotRecovered, "> 32s"},
		{"never recovered, though nothing was expected", func(r *Report) { open(r) }, nil, Fail, ExitNotRecovered, "not come back 32s after kill"},
		{"never recovered, and the load ended within a millisecond", func(r *Report) { open(r); r.History.LoadEnd += 931 * time.Microsecond }, nil, Fail, ExitNotRecovered, "not come back 32s after kill"},
		{"not recovered, but the cluster could not before the heal", func(r *Report) {
			open(r)
			r.Faults[0].Survives, r.Faults[0].Healed = false, 61*time.Second
		}, nil, Pass, ExitPass, "pass"},
		{"censored below the objective", func(r *Report) {
			r.Recovery[0].Redundancy = CensoredFigure(5 * time.Second)
		}, []string{"recovery.redundancy < 15s"}, Inconclusive, ExitInconclusive, "nobody knows by how much"},
		{"a gap too coarse for the objective", func(r *Report) { r.Recovery[0].Threshold = 6 * time.Second }, []string{"recovery.service < 10s"}, Inconclusive, ExitInconclusive, "more than half of the objective"},
		{"fault by hand without effect", func(r *Report) {
			r.Faults = append(r.Faults, Fault{Name: "by-hand-1", ByHand: true, Effective: Never, Error: "no such node"})
			r.Recovery = append(r.Recovery, Recovery{Fault: "by-hand-1", Service: UnknownFigure("it did not take effect")})
		}, []string{"lost == 0", "recovery.service < 15s"}, Pass, ExitPass, ""},
		{"slow recovery from a fault by hand", func(r *Report) {
			f := r.Faults[0]
			f.Name, f.Group, f.ByHand = "by-hand-1", "by-hand-1", true
			r.Faults, r.Recovery = append(r.Faults, f), append(r.Recovery, Recovery{Fault: "by-hand-1", Service: KnownFigure(40 * time.Second)})
		}, []string{"recovery.service < 15s"}, Pass, ExitPass, ""},
		{"fault without effect", func(r *Report) { r.Faults[0].Effective, r.Faults[0].Error = Never, "no such node" }, []string{"lost == 0"}, Inconclusive, ExitInconclusive, "did not take effect"},
		{"fault without effect and a loss", func(r *Report) { r.Faults[0].Effective, r.Safety.Lost = Never, 1 }, []string{"lost == 0"}, Fail, ExitSafety, "lost"},
		{"generator at fault", func(r *Report) {
			r.Phases[1].Latency.Lag = Histogram{Buckets: []Bucket{{time.Second, 100, 0}}, Max: time.Second}
		}, []string{"ack.p99 < 250ms during baseline"}, Inconclusive, ExitInconclusive, "missed its own schedule"},
		{"generator at fault says nothing of safety", func(r *Report) {
			r.Phases[1].Latency.Lag = Histogram{Buckets: []Bucket{{time.Second, 100, 0}}, Max: time.Second}
		}, []string{"lost == 0"}, Pass, ExitPass, "pass"},
		{"generator behind its rate", func(r *Report) { r.Windows = seconds(Window{Sent: 900}) },
			[]string{"ack.p99 < 250ms during baseline"}, Inconclusive, ExitInconclusive, "missed its own rate"},
		{"generator behind its rate in a closed loop, which has none", func(r *Report) { r.Windows, r.Run.ClosedLoop = seconds(Window{Sent: 900}), true },
			[]string{"ack.p99 < 250ms during baseline"}, Pass, ExitPass, "pass"},
		{"full clients are not the generator's fault", func(r *Report) { r.Windows = seconds(Window{Sent: 1700, Held: 700}) },
			[]string{"ack.p99 < 250ms during baseline"}, Pass, ExitPass, "pass"},
		{"generator without a core left", func(r *Report) { r.Windows = seconds(Window{Sent: 1000, CPU: 1.9}) },
			[]string{"ack.p99 < 250ms during baseline"}, Inconclusive, ExitInconclusive, "squall itself was at its limit"},
		{"generator without a core left, in one second of many", func(r *Report) {
			r.Windows = append(seconds(Window{Sent: 1000, CPU: 1}), Window{Phase: "baseline", CPU: 2})
		}, []string{"ack.p99 < 250ms during baseline"}, Pass, ExitPass, "pass"},
		{"not read to the end", func(r *Report) { r.Safety.FinalRead = FinalRead{Reason: "no leader"} }, []string{"lost == 0"}, Inconclusive, ExitInconclusive, "no leader"},
		{"not read to the end, and nobody asked", func(r *Report) { r.Safety.FinalRead = FinalRead{Reason: "no leader"} }, nil, Inconclusive, ExitInconclusive, "not checked"},
		{"expired is not lost, and no pass", func(r *Report) { r.Safety.Expired = 3420 }, nil, Inconclusive, ExitInconclusive, "retention removed 3,420"},
		{"what a fault deleted", func(r *Report) { r.Safety.Expired, r.Safety.Deleted = 3420, 3420 }, []string{"lost == 0", "expired == 3420"}, Pass, ExitPass, "pass"},
		{"what a fault deleted, and retention", func(r *Report) { r.Safety.Expired, r.Safety.Deleted = 3420, 3000 }, nil, Inconclusive, ExitInconclusive, "retention removed 420"},
		{"consumers not drained", func(r *Report) { r.Safety.GroupLag = 400 }, nil, Inconclusive, ExitInconclusive, "400 messages left"},
		{"a broker died by itself", func(r *Report) { r.Crashes = []Crash{{Node: "b2", At: time.Minute}} }, []string{"lost == 0"}, Fail, ExitMissed, "b2 died"},
		{"nothing acknowledged", func(r *Report) { r.Safety.Acknowledged, r.Safety.Unknown = 0, 40_000 }, nil, Fail, ExitMissed, "nothing was acknowledged"},
		{"much rejected, and nobody asked", func(r *Report) { r.Safety.Rejected = 20_000 }, []string{"ack.p99 < 250ms during baseline"}, Inconclusive, ExitInconclusive, "were rejected"},
		{"much rejected, as was expected", func(r *Report) { r.Safety.Rejected = 20_000 }, []string{"rejected >= 1"}, Pass, ExitPass, "pass"},
		{"not read to the end, and a loss", func(r *Report) { r.Safety.FinalRead.Done, r.Safety.Lost = false, 2 }, []string{"lost == 0"}, Fail, ExitSafety, "lost"},
		{"too much unknown", func(r *Report) { r.Safety.Unknown = 4000 }, []string{"lost == 0"}, Inconclusive, ExitInconclusive, "ended unknown"},
		{"too much unknown, spoken of", func(r *Report) { r.Safety.Unknown = 4000 }, []string{"unknown <= 5000"}, Pass, ExitPass, "pass"},
		{"an outage is an outage", func(r *Report) { r.Safety.Acknowledged, r.Safety.Rejected = 0, 40_000 }, []string{"success.ratio >= 99%"}, Fail, ExitMissed, "got 0%"},
		{"too few messages to tell a gap", func(r *Report) { r.History.Rate = 5 }, []string{"recovery.service < 15s"}, Inconclusive, ExitInconclusive, "too few"},
		{"too few for the percentile", func(r *Report) { r.Phases[0].Latency.Ack = Histogram{Buckets: []Bucket{{1, 50, 0}}, Max: 1} }, []string{"ack.p99 < 250ms during baseline"}, Inconclusive, ExitInconclusive, "too few for p99"},
		{"stopped", func(r *Report) { r.Run.Stopped, r.Run.StopCode = "Ctrl-C", ExitInterrupted }, []string{"lost == 0"}, Inconclusive, ExitInterrupted, "Ctrl-C"},
		{"not recovered when the next fault came", func(r *Report) { open(r); r.Recovery[0].Gaps[0].To = 50 * time.Second }, nil, Pass, ExitPass, "pass"},
		{"stopped before service was back", func(r *Report) {
			open(r)
			r.Run.Stopped, r.Run.StopCode = "Ctrl-C", ExitInterrupted
		}, nil, Inconclusive, ExitInterrupted, "Ctrl-C"},
		{"emulated", func(r *Report) { r.Run.Broker.Emulated = "one copy" }, []string{"lost == 0"}, Pass, ExitPass, "durability not tested"},
		{"blind when it mattered", func(r *Report) { r.History.Blind = []Span{{9 * time.Second, 12 * time.Second}} }, []string{"recovery.detect < 12s"}, Inconclusive, ExitInconclusive, "blind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := healthy()
			tt.change(r)
			var expectations []Expectation
			for _, text := range tt.expect {
				e, err := ParseExpectation(text, []string{"kill", "soak"})
				if err != nil {
					t.Fatal(err)
				}
				expectations = append(expectations, e)
			}
			Judge(r, expectations)
			v := r.Verdict
			if v.Outcome != tt.want || v.ExitCode != tt.code || !strings.Contains(v.Sentence, tt.says) {
				t.Errorf("%s, exit code %d: %s\nwant %s, %d, and %q in the sentence", v.Outcome, v.ExitCode, v.Sentence, tt.want, tt.code, tt.says)
			}
		})
	}
}

func TestExpectationsThatCannotBeEvaluated(t *testing.T) {
	for text, want := range map[string]string{
		"":                                          "cannot read",
		"lost = 0":                                  "cannot read",
		"losst == 0":                                `did you mean "lost"?`,
		"ack.p99 < 250":                             "write it with a unit",
		"lost == 0 during baseline":                 "not measured by phase",
		"ack.p99 < 1s of kill":                      "not measured by fault",
		"recovery.service < 15s of kil":             `did you mean "kill"?`,
		"ack.p99 < 1s during baselin":               `did you mean "baseline"?`,
		"success.ratio > 99.9":                      "not a share",
		"lost == 1.5":                               "not a count",
		"ack < 1s":                                  "wants a statistic behind it: ack.p50, .p90",
		"ack.rate.p50 > 1/s":                        "no metric",
		"recovery.service.p42 < 1s":                 "no metric",
		"ack.rate >= x% of baseline during kill":    "not a part of the baseline",
		"ack.rate >= 95% of baseline":               "that of another phase is wanted",
		"ack.rate >= 95% of baseline of kill":       "not measured by fault",
		"lost <= 95% of baseline":                   "no latency, rate or share",
		"rejected <= 95% of baseline during kill":   "no latency, rate or share",
		"ack.rate >= 95% of baseline during recvry": `did you mean "recovery"?`,
	} {
		_, err := ParseExpectation(text, []string{"kill", "soak"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	if _, err := ParseExpectation("recovery.service < 15s", nil); err == nil || !strings.Contains(err.Error(), "needs a fault") {
		t.Errorf("a recovery without a fault: %v", err)
	}
}

func TestStrongest(t *testing.T) {
	if got := Strongest(ExitInconclusive, ExitMissed, ExitSafety, ExitNotRecovered); got != ExitSafety {
		t.Errorf("got %d", got)
	}
	if got := Strongest(ExitSafety, ExitInterrupted); got != ExitInterrupted {
		t.Errorf("got %d", got)
	}
	if got := Strongest(); got != ExitPass {
		t.Errorf("got %d", got)
	}
}

func TestPlain(t *testing.T) {
	for line, want := range map[string]string{
		"plain":                "plain",
		"\x1b[1;31mred\x1b[0m": "red",
		"\x1b]0;title\x07text\x1b]8;;x\x1b\\link": "textlink",
		"a\tb\rc\x00\x9b":                         "a bc?",
		"\x1bcreset\x1b(B":                        "reset",
		"\x1b":                                    "",
	} {
		if got := Plain(line); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func TestHuman(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 900: "900ns", 1500: "1.5µs", 850 * time.Millisecond: "850ms", 1234 * time.Millisecond: "1.23s", 9612 * time.Millisecond: "9.61s",
		32 * time.Second: "32s", 125 * time.Second: "2m5s", -time.Second: "-1s", 99960 * time.Microsecond: "100ms",
	} {
		if got := Human(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
	if got := Thousands(2412331); got != "2,412,331" {
		t.Error(got)
	}
}
