package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A history makes the events of a run of three brokers whose leader b2 is killed: 5 s of preparation, 10 s of warm-up, 20 s of baseline, the kill for
// 20 s, 30 s of recovery, another fault, and what follows.
type history struct {
	*Board
	told       []report.Event
	at         time.Duration
	phase      report.Phase
	partitions int
	rate       uint64
	silent     int // partitions
	backlog    uint64
	slow       time.Duration
}

func newHistory() *history { return &history{Board: NewBoard(), partitions: 6, rate: 2000} }

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func (h *history) tell(e report.Event) {
	e.At, e.UTC = h.at, begin.Add(h.at)
	h.told = append(h.told, e)
	h.Observe(e)
}

func (h *history) begin() *history {
	h.at = seconds(4.2)
	h.tell(report.Event{Type: report.EventRun, Text: "ready: 2,000/s of 1KiB from 2 producers to 2 consumers, topic orders with 6 partitions of 3 replicas", Run: &report.Run{
		ID: "8a3f", Scenario: "kafka-leader-kill", Seed: 42, Started: begin, Broker: report.Broker{Kind: "kafka", Testbed: "containers", Nodes: []string{"b1", "b2", "b3"}},
		Contract: report.Contract{Durable: true, Ordered: true, Redelivers: true}, Watch: 30 * time.Second,
		Command:    []string{"squall", "run", "kafka-leader-kill", "--set", "load.rate=2k/s", "--seed", "42"},
		FaultNames: []string{"leader-kill", "slow-leader"},
		Objective:  []string{"lost == 0", "reordered == 0", "ack.p99 < 250ms during baseline", "recovery.service < 15s of leader-kill", "ack.max < 10ms", "redelivered <= 500 (warn)"},
		Plan: &report.Plan{WarmUp: seconds(10), Baseline: seconds(20), Load: seconds(123), Faults: []report.Planned{
			{Name: "leader-kill", Kind: "kill", Target: "leader", At: seconds(30), For: seconds(20)},
			{Name: "slow-leader", Kind: "latency", Target: "producers -> leader", Params: "add 200ms, jitter 50ms", At: seconds(83), For: seconds(10)},
		}},
	}})
	h.state("first look at the cluster", []string{"b1", "b2", "b3"}, "b2")
	h.at = seconds(5)
	h.enter("warm-up", report.WarmUp, "")
	return h
}

// state tells the cluster's view; the partitions that a missing node led are led by others.
func (h *history) state(text string, nodes []string, controller string) {
	s := &report.StateChange{At: h.at, Nodes: nodes, Controller: controller}
	all := []string{"b1", "b2", "b3"}
	for p := range h.partitions {
		of := report.PartitionState{Partition: int32(p), Replicas: all, InSync: nodes, Leader: all[p%3]}
		if !strings.Contains(strings.Join(nodes, " "), of.Leader) {
			of.Leader = nodes[p%len(nodes)]
		}
		s.Partitions = append(s.Partitions, of)
	}
	h.tell(report.Event{Type: report.EventState, Text: text, State: s})
}

func (h *history) enter(name string, kind report.PhaseKind, fault string) {
	h.phase = report.Phase{Name: name, Kind: kind, Fault: fault, From: h.at}
	p := h.phase
	h.tell(report.Event{Type: report.EventPhase, Text: name, Phase: &p})
}

// run lets seconds go by.
func (h *history) run(n int) *history {
	for range n {
		h.second()
	}
	return h
}

func (h *history) second() {
	start := h.at.Truncate(time.Second)
	h.at = start + time.Second + 200*time.Millisecond
	n := start / time.Second
	acked := h.rate * uint64(h.partitions-h.silent) / uint64(h.partitions)
	w := &report.Window{Start: start, Phase: h.phase.Name, Due: h.rate, Sent: h.rate, Acknowledged: acked, Delivered: acked, CPU: 0.6}
	h.backlog += h.rate - acked
	if h.silent == 0 && h.backlog > 0 {
		more := min(h.backlog, h.rate/2)
		w.Acknowledged, w.Delivered, h.backlog = w.Acknowledged+more, w.Delivered+more, h.backlog-more
	}
	w.Backlog = h.backlog/2 + uint64(n%7)
	wave := time.Duration(n%5) * 200 * time.Microsecond
	fast, slow, most := time.Millisecond+wave/4+h.slow, 6*time.Millisecond+2*wave+h.slow, 14*time.Millisecond+5*wave+2*h.slow
	w.Latency.Ack = report.Histogram{Max: most, Buckets: []report.Bucket{{Value: fast, Count: acked * 97 / 100}, {Value: slow, Count: acked * 25 / 1000}, {Value: most, Count: acked / 200}}}
	w.Latency.Lag = report.Histogram{Max: 300 * time.Microsecond, Buckets: []report.Bucket{{Value: 300 * time.Microsecond, Count: h.rate}}}
	letters := []byte(strings.Repeat("f", h.partitions))
	for i := range h.silent {
		letters[(3*i+1)%h.partitions] = report.PartitionSilent
	}
	w.Partitions = string(letters)
	w.Host = &report.HostSample{Idle: 0.5, Nodes: map[string]report.NodeSample{"b1": {CPU: 0.42, Memory: 700 << 20}, "b3": {CPU: 0.38, Memory: 690 << 20}}}
	if h.silent == 0 {
		w.Host.Nodes["b2"] = report.NodeSample{CPU: 0.5, Memory: 710 << 20}
	}
	h.tell(report.Event{Type: report.EventWindow, Text: h.phase.Name, Window: w})
}

func (h *history) baseline() *history {
	h.begin().run(10)
	h.at = seconds(15)
	h.enter("baseline", report.Baseline, "")
	return h.run(20)
}

var kill = report.Fault{Name: "leader-kill", Kind: "kill", Target: "leader", Planned: seconds(35), Commanded: seconds(35), Effective: report.Never, Healing: report.Never,
	Healed: report.Never, Victims: []string{"b2"}, Chosen: []string{"b2 leads orders/0"}, Affected: []int32{1, 4}, Survives: true}

func (h *history) fault(f report.Fault, text string) {
	h.tell(report.Event{Type: report.EventFault, Text: text, Fault: &f})
}

func (h *history) kill() *history {
	h.at = seconds(35)
	h.enter("during leader-kill", report.During, "leader-kill")
	h.fault(kill, "leader-kill commanded: kill leader = b2")
	f := kill
	h.at, f.Effective = seconds(35.1), seconds(35.1)
	f.Evidence = []string{"b2: the process was gone 41ms after SIGKILL"}
	h.fault(f, "leader-kill effective: kill leader")
	h.tell(report.Event{Type: report.EventClient, Text: "producer-0 lost b2: connection reset by peer", Client: &report.ClientEvent{Client: "producer-0", Kind: "lost", Node: "b2"}})
	h.silent = 2
	return h
}

func (h *history) failover() *history {
	h.run(9)
	h.at = seconds(44.3)
	h.state("nodes b1+b3; controller b3; led 1 by b3, 4 by b1", []string{"b1", "b3"}, "b3")
	h.run(1)
	h.silent = 0
	return h.run(10)
}

func (h *history) healed() *history {
	f := kill
	f.Effective, f.Healing, f.Healed = seconds(35.1), seconds(55.1), seconds(55.6)
	f.Evidence = []string{"b2: the process was gone 41ms after SIGKILL", "b2: runs again, 480ms after it was started"}
	h.at = seconds(55.6)
	h.fault(f, "leader-kill healed: kill leader")
	h.enter("recovery leader-kill", report.Recovering, "leader-kill")
	h.run(4)
	h.at = seconds(59.4)
	h.state("nodes b1+b2+b3; in sync 0: b1+b2+b3, 1: b1+b2+b3", []string{"b1", "b2", "b3"}, "b3")
	return h.run(26)
}

// settle ends the load and reads the log, and finds so many lost.
func (h *history) settle(lost uint64, done bool) *history {
	h.enter("heal", report.Heal, "")
	h.at += seconds(0.4)
	h.enter("drain", report.Drain, "")
	h.at += seconds(0.7)
	h.enter("final read", report.Reading, "")
	h.at += seconds(2)
	h.mu.Lock() // somebody else may look at the board meanwhile
	t := h.known.total
	h.mu.Unlock()
	s := &report.Safety{Sent: t.Sent, Acknowledged: t.Sent, Delivered: t.Sent + 118, Verified: t.Sent - lost, Lost: lost, Redelivered: 118,
		FinalRead: report.FinalRead{Done: done, Reason: "nothing more came for 30s while the log was read again"}, Drained: true}
	h.tell(report.Event{Type: report.EventSafety, Text: "balance", Safety: s})
	return h
}

func (h *history) verdict(o report.Outcome, sentence string) *history {
	h.tell(report.Event{Type: report.EventVerdict, Text: sentence, Result: &report.Verdict{Outcome: o, Sentence: sentence}})
	h.mu.Lock()
	r, _ := h.rebuilt.Report()
	r.Verdict = *h.known.verdict
	h.mu.Unlock()
	r.Expectations = []report.Judged{
		{Text: "lost == 0", Outcome: o, Got: fmt.Sprint(r.Safety.Lost)}, {Text: "reordered == 0", Outcome: report.Pass, Got: "0"},
		{Text: "ack.p99 < 250ms during baseline", Outcome: report.Pass, Got: "7.6ms"}, {Text: "recovery.service < 15s of leader-kill", Outcome: report.Pass, Got: "9.61s"},
		{Text: "ack.max < 10ms", Outcome: report.Fail, Got: "18ms"}, {Text: "redelivered <= 500 (warn)", Warn: true, Outcome: report.Pass, Got: "118"},
	}
	for i := range r.Recovery {
		rec := &r.Recovery[i]
		rec.Detect, rec.Service, rec.Redundancy = report.KnownFigure(seconds(9.2)), report.KnownFigure(seconds(9.61)), report.KnownFigure(seconds(3.8))
		rec.Performance, rec.Drained = report.KnownFigure(seconds(14)), report.CensoredFigure(seconds(30))
	}
	h.Finish(r, nil)
	return h
}
