// Package report holds the words and numbers of a run that is told: events, windows, histograms, the report itself, expectations, and the verdict,
// which pure functions reach from the report alone. It knows no broker and no load; whoever ran something fills it in, and whoever shows
// something reads it.
//
// Times of a run are durations since its start on one monotonic clock. In JSON they are whole nanoseconds, in fields that end in _ns.
package report

import "time"

// SchemaVersion is the version of report.json; fields are only ever added within one.
const SchemaVersion = 1

// A Report is everything that a run came to.
type Report struct {
	Schema       int            `json:"schema"`
	Verdict      Verdict        `json:"verdict"`
	Run          Run            `json:"run"`
	Validity     []Finding      `json:"validity"` // what makes (part of) the run's data invalid
	Disturbances []Disturbance  `json:"disturbances,omitempty"`
	Findings     []string       `json:"findings"` // what a reader should know besides, a sentence each
	Crashes      []Crash        `json:"crashes"`  // brokers that died by themselves
	Safety       Safety         `json:"safety"`
	Expectations []Judged       `json:"expectations"`
	Faults       []Fault        `json:"faults"`
	Backlog      *Backlog       `json:"backlog,omitempty"` // of consumers that began late
	Recovery     []Recovery     `json:"recovery"`
	Series       []Series       `json:"series,omitempty"` // of the faults that were injected more than once
	Phases       []PhaseFigures `json:"phases"`
	Windows      []Window       `json:"windows"`
	History      History        `json:"history"`
	Clients      *Clients       `json:"clients,omitempty"`    // nil: nothing happened to them that was told
	Comparison   *Comparison    `json:"comparison,omitempty"` // with runs before it; nil: nobody asked
	Files        []string       `json:"files"`                // written beside this one
}

// UTC returns when it was, by the clock on the wall, at a time of the run. The run's clock goes before the run starts, for its testbed is made by it: the
// first phase begins when the run does, and not at 0.
func (r *Report) UTC(at time.Duration) time.Time {
	if len(r.History.Phases) > 0 {
		at -= r.History.Phases[0].From
	}
	return r.Run.Started.Add(at).UTC()
}

// Run says what was run, where, and how to run it again.
type Run struct {
	ID         string            `json:"id"`
	Scenario   string            `json:"scenario"`
	About      string            `json:"about,omitempty"`
	Seed       uint64            `json:"seed"`
	Started    time.Time         `json:"started"` // when its first phase began; times of the run count from before that
	Took       time.Duration     `json:"took_ns"`
	Stopped    string            `json:"stopped,omitempty"` // why it ended before its plan; empty: it did not
	StopCode   ExitCode          `json:"stop_code,omitempty"`
	Version    string            `json:"squall"`
	Host       Host              `json:"host"`
	Broker     Broker            `json:"broker"`
	Client     map[string]string `json:"client"`                // the load's client settings in force
	Load       string            `json:"load"`                  // one line: rate, size, producers, consumers
	ClosedLoop bool              `json:"closed_loop,omitempty"` // there was no schedule: the broker set the pace
	Pacing     string            `json:"pacing"`                // how the schedule was kept
	// Calibration is the generator's headroom; nil: nobody asked.
	Calibration *Calibration `json:"calibration,omitempty"`
	Contract    Contract     `json:"contract"`
	Timers      []Timer      `json:"timers"`
	Command     []string     `json:"command,omitempty"` // what repeats the run
	Effective   string       `json:"effective"`         // the scenario with everything filled in, as YAML
	Objective   []string     `json:"objectives"`        // the expectations as they were written
	Stated      string       `json:"stated,omitempty"`  // the verdict that the scenario states, as in "fail(lost)"; empty: none
	// FaultNames are the names by which expectations can speak of faults, of those too that never began.
	FaultNames []string      `json:"fault_names,omitempty"`
	Watch      time.Duration `json:"watch_ns"` // how long a fault's recovery was to be watched once it is healed; 0: not known
	// Plan is what was to happen and when; nil: not known.
	Plan *Plan `json:"plan,omitempty"`
	// Touched is what was done by hand while it ran; none: it ran as the scenario says.
	Touched []Touch `json:"touched,omitempty"`
	// CutOff says how far the run came where squall ended before it, and the report was put together from the events; empty: it came to its end.
	CutOff string `json:"cut_off,omitempty"`
}

// Host is the machine that generated the load.
type Host struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	// MaxProcs is how many of them squall's own code may use at once; 0: not known.
	MaxProcs int    `json:"max_procs"`
	Go       string `json:"go"`
	// Unseen is what this machine does not tell of what may disturb a run; nil: it tells all, or nobody asked.
	Unseen []string `json:"unseen,omitempty"`
}

// Broker is the cluster that the load went to.
type Broker struct {
	Kind     string            `json:"kind"`
	Testbed  string            `json:"testbed"` // "containers", "embedded (kfake)"
	Emulated string            `json:"emulated,omitempty"`
	Nodes    []string          `json:"nodes"`
	Versions map[string]string `json:"versions,omitempty"`
	Images   []Image           `json:"images,omitempty"`
	Config   map[string]string `json:"config"`
	Limits   *Limits           `json:"limits,omitempty"` // of each node; nil: it may use what it gets
	Proxied  bool              `json:"proxied"`          // client links pass Toxiproxy
}

// Limits are what each node may use of the machine at most, as the scenario says. 0: what it gets.
type Limits struct {
	CPU    float64 `json:"cpu,omitempty"` // processors
	Memory uint64  `json:"memory_bytes,omitempty"`
	Disk   uint64  `json:"disk_bytes,omitempty"` // for its data
}

// An Image is a container image that ran.
type Image struct {
	Role   string `json:"role"`
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Note   string `json:"note,omitempty"`
}

// A Contract says what the broker promised under the run's settings; the judge holds the ledger's counts against it.
type Contract struct {
	Durable  bool   `json:"durable"`
	Survives string `json:"survives"`
	Ordered  bool   `json:"ordered"`
	// LateUnknowns: an unknown message may be stored behind later ones, for its sender has gone on elsewhere meanwhile.
	LateUnknowns bool     `json:"late_unknowns,omitempty"`
	Unique       bool     `json:"unique"`
	Redelivers   bool     `json:"redelivers"`
	Skips        bool     `json:"skips,omitempty"`      // a group may never be given a message that is in the log
	Atomic       bool     `json:"atomic,omitempty"`     // of a transaction's messages, who reads committed is given all or none
	SetsAside    bool     `json:"sets_aside,omitempty"` // what the broker gives up on can be read elsewhere, and is not lost
	Notes        []string `json:"notes,omitempty"`
}

// A Timer is a setting that decides how long some part of a recovery takes.
type Timer struct {
	Name  string        `json:"name"`
	Value time.Duration `json:"value_ns"`
	Least time.Duration `json:"least_ns,omitempty"` // of one that is drawn anew each time: the shortest that it can be, where the value is the longest
	Part  string        `json:"part"`
	Side  string        `json:"side,omitempty"` // a Direction that alone waits for it; empty: both do
	Note  string        `json:"note"`
}

// Span prints how long the timer is: "9s", or "4s to 9s" of one that is drawn anew each time.
func (t Timer) Span() string {
	if t.Least > 0 {
		return Human(t.Least) + " to " + Human(t.Value)
	}
	return Human(t.Value)
}

// A Crash is a broker whose process ended although no fault held it.
type Crash struct {
	Node string        `json:"node"`
	At   time.Duration `json:"at_ns"` // when it was seen
	Log  []string      `json:"log"`   // the last lines that it wrote
	// OutOfMemory says that it did not die by itself: the kernel ended it, for it or the host had no memory left.
	OutOfMemory bool `json:"out_of_memory,omitempty"`
}

// A Finding makes part of a run's data invalid.
type Finding struct {
	Scope Scope  `json:"scope"`
	Text  string `json:"text"`            // one sentence
	Fault string `json:"fault,omitempty"` // only what is said of this fault; empty: of the run
}

// A Scope is what a finding makes invalid.
type Scope string

// The scopes.
const (
	ScopeSpeed    Scope = "speed"    // latency, rate, recovery
	ScopeSafety   Scope = "safety"   // whether everything was found
	ScopeRecovery Scope = "recovery" // recovery figures
	ScopeAll      Scope = "all"
)

// Safety is what the ledger came to. Counts are messages.
type Safety struct {
	Sent         uint64 `json:"sent"`
	Unsent       uint64 `json:"unsent"` // due, and never taken by the client, whose buffer was full until the end
	Acknowledged uint64 `json:"acknowledged"`
	Rejected     uint64 `json:"rejected"`
	Aborted      uint64 `json:"aborted,omitempty"` // on purpose, with their transaction
	Unknown      uint64 `json:"unknown"`
	Pending      uint64 `json:"pending"`   // without an outcome when the run was cut short
	Late         uint64 `json:"late"`      // second outcomes, told after the first: a driver's fault
	Delivered    uint64 `json:"delivered"` // to the load's consumers, every repetition counted
	Verified     uint64 `json:"verified"`  // acknowledged and found again

	Lost       uint64 `json:"lost"`        // acknowledged, and not in a final read that reached the log's end
	UnreadTail uint64 `json:"unread_tail"` // acknowledged, not found, and the final read did not reach the end, or nobody knows whether it has expired
	Expired    uint64 `json:"expired"`     // acknowledged, and stored below where the log now begins: removed before the final read
	Deleted    uint64 `json:"deleted"`     // of the expired, those that a fault deleted: each was read before, and had been given to nobody
	// DeadLettered were given up on by the broker, and found where it sets such messages aside; the group may have been given them before.
	DeadLettered uint64 `json:"dead_lettered,omitempty"`
	GroupSkip    uint64 `json:"group_skip"`   // in the log, and given to nobody in a group that was drained
	GroupLag     uint64 `json:"group_lag"`    // in the log, and not given to anybody when the drain's bound passed
	Duplicates   uint64 `json:"duplicates"`   // stored more than once, each further copy counted
	Redelivered  uint64 `json:"redelivered"`  // given to the group again, one offset
	Reordered    uint64 `json:"reordered"`    // behind a later message of its stream
	Phantom      uint64 `json:"phantom"`      // carries the run's id and was never sent
	AbortedRead  uint64 `json:"aborted_read"` // delivered, although rejected or aborted in a transaction
	Corrupt      uint64 `json:"corrupt"`      // header or checksum wrong
	Foreign      uint64 `json:"foreign"`      // another run's
	Resurrected  uint64 `json:"resurrected"`  // unknown, and found in the log: neither lost nor duplicate
	DirtyRead    uint64 `json:"dirty_read"`   // aborted in a transaction, and delivered to consumers that read uncommitted, as they may be

	Transactions Transactions `json:"transactions,omitzero"`

	OffsetConflict uint64 `json:"offset_conflict"` // offsets at which two different messages were acknowledged, delivered or found

	// EpochRegression is how often a partition's leader epoch went back, in the log or as the cluster told it; CommitRegression, how often a group's
	// committed offset did to one that no member had committed since. Neither is asked of a run in which the topic was made anew.
	EpochRegression  uint64       `json:"epoch_regression"`
	CommitRegression uint64       `json:"commit_regression"`
	Regressions      []Regression `json:"regressions,omitempty"` // examples of both

	FinalRead FinalRead `json:"final_read"`
	Drained   bool      `json:"drained"`        // the consumers reached the end offsets
	Loss      *Loss     `json:"loss,omitempty"` // nil: nothing is lost
	Examples  []Anomaly `json:"examples,omitempty"`
}

// Owed is how many messages were due that were to be acknowledged: not those that were aborted on purpose.
func (s *Safety) Owed() uint64 { return s.Sent + s.Unsent - s.Aborted }

// Transactions are what became of the producers' transactions. The zero value: there were none.
type Transactions struct {
	Committed uint64 `json:"committed"` // the broker said so
	Aborted   uint64 `json:"aborted"`   // on purpose, or because a message failed, and the broker said so
	Unknown   uint64 `json:"unknown"`   // nobody was told how they ended
	// Torn were committed, by what the broker said or because a message of them was found, and some of their messages were found while others are lost.
	Torn uint64 `json:"torn"`
}

// FinalRead says how far the independent reader got; where nothing can be read again, whether the consumers took everything.
type FinalRead struct {
	Done   bool   `json:"done"`             // every partition to its end offset, or until nothing was left
	Reason string `json:"reason,omitempty"` // why not
	// Consumed: messages leave when they are acknowledged, and there was no reader apart from the consumers.
	Consumed bool        `json:"consumed,omitempty"`
	Read     uint64      `json:"read"` // messages
	Ends     []Partition `json:"partitions"`
}

// A Partition is how far the final read got in one.
type Partition struct {
	Partition int32 `json:"partition"`
	Start     int64 `json:"start"`
	End       int64 `json:"end"`
	Reached   int64 `json:"reached"`
}

// An Anomaly is an example of one, or of a run of consecutive ones.
type Anomaly struct {
	Kind      string `json:"kind"` // as the count is called: "lost", "reordered", ...
	Producer  uint32 `json:"producer"`
	Partition int32  `json:"partition"`
	First     uint64 `json:"first"` // sequence in the stream
	Last      uint64 `json:"last"`
	Offset    int64  `json:"offset"` // -1: not known
	Note      string `json:"note,omitempty"`
}

// A Regression is an example of something that only ever goes on, and went back.
type Regression struct {
	Of        string `json:"of"` // "leader epoch" or "committed offset"
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
	Where     string `json:"where"` // when it was seen, or where in the log
}
