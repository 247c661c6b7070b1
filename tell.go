package squall

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// describe notes what is run, as it is known once the cluster serves.
func (r *run) describe(ctx context.Context) {
	s, settings, secrets := r.scenario, r.scenario.Settings(), *r.journal.secrets.Load()
	d := r.bed.Cluster.Describe()
	settings.Config = inForce(settings.Config, d.InForce)
	r.info = report.Run{
		ID: r.bed.RunID, Scenario: s.Name, About: s.About, Seed: s.Seed, Started: r.clock.UTC(r.begun), Version: r.bed.Version,
		Host:   report.Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), MaxProcs: runtime.GOMAXPROCS(0), Go: runtime.Version(), Unseen: r.sampler.begin(ctx)},
		Broker: report.Broker{Kind: r.bed.Kind.Name, Testbed: d.Testbed, Emulated: d.Emulated, Nodes: s.NodeNames(), Config: secrets.HideSettings(d.Config), Proxied: d.Proxied},
		Client: clientSettings(s), Load: loadLine(s), Pacing: pacing(s), ClosedLoop: s.Load.ClosedLoop(),
		Contract: report.Contract(r.bed.Kind.Contract(settings)), Command: r.bed.Command, Effective: string(scenarios.Effective(s)),
		Calibration: r.bed.Calibration, Stated: s.Verdict.String(), FaultNames: s.FaultNames(), Watch: s.Phases.Recovery, Plan: plan(s),
	}
	if b := &s.Broker; b.Disk > 0 || b.Limits != (scenarios.Limits{}) {
		r.info.Broker.Limits = &report.Limits{CPU: b.Limits.CPU, Memory: uint64(b.Limits.Memory), Disk: uint64(b.Disk)}
	}
	r.final.LateUnknowns = r.info.Contract.LateUnknowns
	for _, i := range d.Images {
		r.info.Broker.Images = append(r.info.Broker.Images, report.Image(i))
	}
	for _, t := range r.bed.Kind.Timers(settings) {
		r.info.Timers = append(r.info.Timers, report.Timer(t))
	}
	for _, e := range s.Expect {
		r.info.Objective = append(r.info.Objective, e.Text)
	}
	if v, ok := r.bed.Driver.(broker.Versions); ok {
		if versions, err := v.Versions(ctx); err == nil {
			r.info.Broker.Versions = versions
		}
	}
	r.info = report.Hidden(secrets, r.info)
}

// plan tells what is to happen, in order.
func plan(s *scenarios.Scenario) *report.Plan {
	p := &report.Plan{WarmUp: s.Phases.WarmUp, Baseline: s.Phases.Baseline, Load: s.LoadEnd(), Faults: []report.Planned{}}
	for _, f := range s.Faults {
		p.Faults = append(p.Faults, report.Planned{Name: f.Name, Kind: f.Kind, Target: f.Target.String(), Params: f.Params(),
			At: s.BaselineEnd() + f.At, For: f.For, Waits: f.Waits()})
	}
	slices.SortStableFunc(p.Faults, func(a, b report.Planned) int { return cmp.Compare(a.At, b.At) })
	return p
}

func loadLine(s *scenarios.Scenario) string {
	line := s.Load.String()
	if g := s.Load.Consumers.Group; s.Load.Consumers.Count > 0 && g != "" {
		line += ", group " + g
	}
	return fmt.Sprintf("%s, topic %s with %s of %s", line, s.Topic.Name, countOf(s.Topic.Partitions, "partition"), countOf(s.Topic.Replicas, "replica"))
}

// pacing says how the schedule is kept.
func pacing(s *scenarios.Scenario) string {
	if s.Load.ClosedLoop() {
		return "closed loop: no schedule, a message is due when the client has room for it"
	}
	return s.Waiting().String()
}

// slowest returns the lowest rate of the schedule, as it was changed by hand, and where there is none the mean of what was sent, in messages per second.
func (r *run) slowest(windows []report.Window) float64 {
	if !r.scenario.Load.ClosedLoop() {
		return min(r.scenario.SlowestRate(), r.hands.slowest())
	}
	r.finding("The load was a closed loop (rate: max): a slow broker was sent less, so its latencies say nothing of what users would wait.")
	var due uint64
	var span time.Duration
	for i := range windows {
		if w := &windows[i]; w.End() <= r.loadEnd {
			due += w.Due
			span += w.Span()
		}
	}
	return float64(due) / max(span.Seconds(), 1)
}

// clientSettings tells every setting of the load's clients; what is empty is left to the client library.
func clientSettings(s *scenarios.Scenario) map[string]string {
	p, c := &s.Load.Producers, &s.Load.Consumers
	settings := map[string]string{
		"preset": s.Load.Client, "producers.acks": p.Acks, "producers.idempotent": strconv.FormatBool(p.Idempotent),
		"producers.linger": report.Human(p.Linger), "producers.buffer": strconv.Itoa(p.Buffer),
		"producers.delivery-timeout": report.Human(p.DeliveryTimeout), "producers.compression": p.Compression,
		"consumers.group": c.Group,
	}
	if p.Transactions.Used() {
		settings["producers.transactions"] = s.Load.TransactionsText()
		settings["producers.transaction-timeout"] = report.Human(p.TransactionTimeout)
	}
	if c.Isolation != "" {
		settings["consumers.isolation"] = string(c.Isolation)
	}
	if p.BatchBytes > 0 {
		settings["producers.batch-bytes"] = strconv.Itoa(p.BatchBytes)
	}
	if p.MetadataMinAge > 0 {
		settings["producers.metadata-min-age"] = report.Human(p.MetadataMinAge)
	}
	if c.MetadataMinAge > 0 {
		settings["consumers.metadata-min-age"] = report.Human(c.MetadataMinAge)
	}
	if c.Group != "" {
		settings["consumers.commit"] = string(c.Commit)
	}
	if c.CommitInterval > 0 {
		settings["consumers.commit-interval"] = report.Human(c.CommitInterval)
	}
	if mean := c.Processing.Mean(); mean > 0 {
		settings["consumers.processing"] = report.Human(mean) + " a message on average"
	}
	if c.SessionTimeout > 0 {
		settings["consumers.session-timeout"] = report.Human(c.SessionTimeout)
	}
	return settings
}

// noticed notes of each fault which timer it has to outlast.
func (r *run) noticed() {
	timers := r.bed.Kind.Decisive
	names := map[faults.Noticed]string{faults.AsNode: timers.Node, faults.AsFollower: timers.Follower, faults.AsMember: timers.Member}
	for i := range r.faults {
		for _, s := range slices.Concat(r.scenario.Faults, r.hands.steps) {
			if s.Name == r.faults[i].Name {
				r.faults[i].NoticedBy = names[s.Noticed()]
			}
		}
	}
}

// report puts everything together, judges it, and tells the verdict.
func (r *run) report(stopped Stopped, now time.Duration) *report.Report {
	r.phases.End(now)
	history, windows, phases := r.collector.Finish(now, r.loadEnd)
	r.sampler.attach(windows)
	history.States, history.Blind = r.watcher.history(now)
	history.Rate = r.slowest(windows) * r.scenario.SmallestShare()

	out := &report.Report{Schema: report.SchemaVersion, Run: r.info, Safety: r.balance(history, now), Faults: r.faults, Phases: phases, Windows: windows, History: history,
		Crashes: r.guard.crashes(), Clients: r.journal.clientEvents()}
	r.hands.report(&out.Run)
	out.Run.Took, out.Run.Stopped, out.Run.StopCode = now-r.begun, stopped.By, stopped.Code
	if start := r.scenario.Load.Consumers.Start; start > 0 && r.scenario.Load.Consumers.Count > 0 {
		out.Backlog = &report.Backlog{Began: r.options.Start + start}
	}
	r.noticed()
	analyse(out)
	if n := r.journal.missed.Load(); n > 0 {
		r.finding("%s events of clients came too fast to be kept", report.Thousands(n))
	}
	for _, text := range slices.Concat(paused(history.States), stuck(out.Clients, out.Faults)) {
		r.finding("%s", text)
	}
	out.Findings = append([]string{}, r.findings...)
	out = report.Hidden(*r.journal.secrets.Load(), out)
	report.Judge(out, r.scenario.Expect)
	r.journal.tell(now, report.Event{Type: report.EventSafety, Text: "balance", Safety: &out.Safety})
	r.journal.tell(r.clock.Now(), report.Event{Type: report.EventVerdict, Text: out.Verdict.Sentence, Result: &out.Verdict})
	return out
}
