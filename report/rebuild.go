package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Rebuilder puts together what can be known of a run that left events and no report, because squall was ended before it: events in the order in which
// they were told. The zero value is ready.
type Rebuilder struct {
	// Keep is how many of the latest windows are kept, without their latencies, for those who follow a run as it goes on; 0: all, thinned as those of a run are.
	Keep int

	report  Report
	clients ClientLog
	begun   bool
	end     time.Duration // of what is known
	balance *Safety       // nil: no final read came to its end
	verdict *Verdict      // nil: the run did not come to one
}

// Add adds the next event. An error means that it cannot be one of a run's events at this place.
func (b *Rebuilder) Add(e Event) error {
	switch {
	case !e.whole():
		return fmt.Errorf("not an event of a run: its type is %q, and what it is about is missing", e.Type)
	case !b.begun && e.Type != EventRun:
		return fmt.Errorf("the events begin with one of type %q, and those of a run begin with what is run", e.Type)
	case b.begun && e.Type == EventRun:
		return fmt.Errorf("another run begins: its id is %s", e.Run.ID)
	}
	b.end = max(b.end, e.At)
	r := &b.report
	switch e.Type {
	case EventRun:
		b.begun = true
		r.Run, r.Findings, r.Crashes, r.Faults = *e.Run, []string{}, []Crash{}, []Fault{}
		b.enter(Phase{Name: string(Prepare), Kind: Prepare, From: e.At - e.UTC.Sub(r.Run.Started)}) // no event tells of it: the run is known once it is over
	case EventPhase:
		b.enter(*e.Phase)
	case EventFault:
		b.fault(*e.Fault)
	case EventState:
		r.History.States = append(r.History.States, *e.State)
	case EventClient:
		b.clients.Add(e.At, e.UTC, *e.Client)
	case EventNode:
		r.Crashes = append(r.Crashes, *e.Node)
	case EventWindow:
		b.window(*e.Window)
	case EventTouch:
		r.Run.Touched = append(r.Run.Touched, *e.Touch)
	case EventNote:
		r.Findings = append(r.Findings, e.Text)
	case EventSafety:
		b.balance = e.Safety
	case EventVerdict:
		b.verdict = e.Result
	}
	r.Run.Took = max(r.Run.Took, e.UTC.Sub(r.Run.Started))
	return nil
}

// whole reports whether the part is there that the event's type names. Types of a later squall are taken as they are.
func (e *Event) whole() bool {
	there, known := map[EventType]bool{EventRun: e.Run != nil, EventPhase: e.Phase != nil, EventFault: e.Fault != nil, EventState: e.State != nil,
		EventNode: e.Node != nil, EventClient: e.Client != nil, EventTouch: e.Touch != nil, EventWindow: e.Window != nil, EventSafety: e.Safety != nil, EventVerdict: e.Result != nil}[e.Type]
	return e.Type != "" && (there || !known)
}

func (b *Rebuilder) enter(p Phase) {
	phases := b.report.Phases
	if n := len(phases); n > 0 {
		phases[n-1].To = p.From
	}
	b.report.Phases = append(phases, PhaseFigures{Phase: p})
}

// fault keeps what was told last of a fault.
func (b *Rebuilder) fault(f Fault) {
	if i := slices.IndexFunc(b.report.Faults, func(o Fault) bool { return o.Name == f.Name }); i >= 0 {
		b.report.Faults[i] = f
		return
	}
	b.report.Faults = append(b.report.Faults, f)
}

// window adds a second to the run's counts and to those of its phase, and what was told late to the seconds and phases that it belongs to.
func (b *Rebuilder) window(w Window) {
	r := &b.report
	r.Windows = append(r.Windows, b.kept(w))
	for _, l := range w.Late {
		b.late(l)
	}
	switch {
	case b.Keep == 0:
		r.Windows = Thin(r.Windows)
	case len(r.Windows) >= 2*b.Keep:
		r.Windows = slices.Clone(r.Windows[b.Keep:])
	}
	s := &r.Safety
	s.Sent += w.Sent
	s.Acknowledged += w.Acknowledged
	s.Rejected += w.Rejected
	s.Aborted += w.Aborted
	s.Unknown += w.Unknown
	s.Delivered += w.Delivered
	if p := b.phase(w.Phase); p != nil {
		p.Acknowledged += w.Acknowledged
		p.Rejected += w.Rejected
		p.Unknown += w.Unknown
		p.Delivered += w.Delivered
		p.Latency.Merge(w.Latency)
	}
}

// phase returns the phase of this name that began last; nil: there is none.
func (b *Rebuilder) phase(name string) *PhaseFigures {
	for i := len(b.report.Phases) - 1; i >= 0; i-- {
		if p := &b.report.Phases[i]; p.Name == name {
			return p
		}
	}
	return nil
}

// late enters what was told late into its phase, and into its window where all of a window is kept.
func (b *Rebuilder) late(l Late) {
	if p := b.phase(l.Phase); p != nil {
		p.Latency.Merge(l.Latency)
	}
	if b.Keep > 0 {
		return
	}
	all := b.report.Windows
	if i, ok := WindowAt(all, l.Start); ok {
		all[i].Due += l.Due
		all[i].Latency.Merge(l.Latency)
	}
}

// kept is what is kept of a window: where it is kept short, how many messages were handed over, and nothing else of its latencies.
func (b *Rebuilder) kept(w Window) Window {
	w.Late = nil // it is entered where it belongs
	if b.Keep > 0 {
		lag := w.Latency.Lag
		w.Latency = Latency{Lag: Histogram{Max: lag.Max, Clamped: lag.Clamped, Buckets: []Bucket{{Value: lag.Max, Count: lag.Count()}}}}
	}
	return w
}

// Report returns what is known, and false where not even the first event was told. It says that the run was cut off and is still to be judged.
func (b *Rebuilder) Report() (*Report, bool) {
	r := b.report
	r.Schema = SchemaVersion
	r.Clients = b.clients.Clients()
	r.Run.CutOff = b.cutOff()
	if n := len(r.Phases); n > 0 {
		r.Phases[n-1].To = b.end
	}
	r.History.LoadEnd = b.end
	for _, p := range r.Phases {
		r.History.Phases = append(r.History.Phases, p.Phase)
		if p.Kind == Heal {
			r.History.LoadEnd = p.From
		}
	}
	if b.balance != nil {
		r.Safety = *b.balance
	} else {
		s := &r.Safety
		s.Pending = s.Sent - min(s.Sent, s.Acknowledged+s.Rejected+s.Aborted+s.Unknown)
		s.FinalRead.Reason = "squall had ended by then"
	}
	r.Recovery = []Recovery{}
	for _, f := range r.Faults {
		r.Recovery = append(r.Recovery, unknownRecovery(f.Name, "the silences that it is told from were not written before squall ended"))
	}
	return &r, b.begun
}

// cutOff tells how far the run came.
func (b *Rebuilder) cutOff() string {
	if b.verdict != nil {
		return "there are the run's events alone, and not its report; the verdict that they tell is " + strings.TrimSuffix(b.verdict.Sentence, ".")
	}
	text := fmt.Sprintf("squall was killed, or its machine went down, %s after the run began", Human(b.report.Run.Took))
	if n := len(b.report.Phases); n > 0 {
		text += ", " + duringPhase(b.report.Phases[n-1].Phase)
	}
	if b.balance != nil {
		return text + ", and before the verdict"
	}
	return text + ": there was no final read"
}

func unknownRecovery(fault, why string) Recovery {
	u := UnknownFigure(why)
	return Recovery{Fault: fault, Detect: u, FirstSuccess: u, Service: u, FirstReturn: u, Failover: u, Performance: u, Redundancy: u, Drained: u, Brownout: u,
		ServiceSinceHealed: u, RedundancySinceEffect: u, DrainedSinceEffect: u}
}
