package report

import (
	"strings"
	"time"
)

// History is what recovery figures are made of.
type History struct {
	Phases []Phase `json:"phases"`
	// Silences are the stretches of each partition in which something was due and nothing succeeded, as far as they are longer than Floor.
	Silences []Silence     `json:"silences"`
	Floor    time.Duration `json:"floor_ns"`
	Dropped  uint64        `json:"dropped"` // silences that were too many to keep
	// Spacing is the time between successive successes of one partition during the baseline, by direction.
	Spacing map[Direction]Histogram `json:"spacing"`
	States  []StateChange           `json:"states"`
	Blind   []Span                  `json:"blind,omitempty"` // when the observer could not see
	LoadEnd time.Duration           `json:"load_end_ns"`
	Rate    float64                 `json:"rate"` // messages due per second and partition while the load was on, the least of all partitions
}

// A Span is a stretch of time: [From, To).
type Span struct {
	From time.Duration `json:"from_ns"`
	To   time.Duration `json:"to_ns"`
}

// A Direction is one of the two ways through a broker.
type Direction string

// The directions.
const (
	Produce Direction = "produce" // successes are acknowledgements
	Consume Direction = "consume" // successes are deliveries
)

// A Silence is a stretch of one partition from the first message due after a success to the next success.
type Silence struct {
	Direction Direction     `json:"direction"`
	Partition int32         `json:"partition"`
	From      time.Duration `json:"from_ns"`
	To        time.Duration `json:"to_ns"`
	Open      bool          `json:"open,omitempty"` // no success came: To is when watching ended, and the silence is at least so long
}

// Length is how long the silence was, or was at least.
func (s Silence) Length() time.Duration { return s.To - s.From }

// A Phase is a stretch of the run: "warm-up", "baseline", "during NAME", "recovery NAME", "between", "heal", "drain", "final read".
type Phase struct {
	Name  string        `json:"name"`
	Kind  PhaseKind     `json:"kind"`
	Fault string        `json:"fault,omitempty"`
	From  time.Duration `json:"from_ns"`
	To    time.Duration `json:"to_ns"`
}

// A PhaseKind says what a phase is for.
type PhaseKind string

// The kinds of phases, in the order of a run.
const (
	Prepare    PhaseKind = "prepare" // before the load
	WarmUp     PhaseKind = "warm-up"
	Baseline   PhaseKind = "baseline"
	During     PhaseKind = "during"
	Recovering PhaseKind = "recovery"
	Between    PhaseKind = "between" // a fault's recovery is over and the next fault has not begun
	Heal       PhaseKind = "heal"
	Drain      PhaseKind = "drain"
	Reading    PhaseKind = "final read"
)

// A StateChange is the cluster's view of itself, each time the observer saw another one than before.
type StateChange struct {
	At         time.Duration     `json:"at_ns"`
	Nodes      []string          `json:"nodes"` // registered and not fenced
	Controller string            `json:"controller"`
	Partitions []PartitionState  `json:"partitions"`
	Groups     map[string]string `json:"coordinators,omitempty"`
	// Parted are nodes whose metadata went another way than that of others, and do not come together by themselves.
	Parted []string `json:"parted,omitempty"`
	// Paused are nodes that run and have stopped serving by themselves, because they could not see enough of the others, or went apart from them.
	Paused []string `json:"paused,omitempty"`
}

// A PartitionState tells who leads a partition and who keeps up.
type PartitionState struct {
	Partition int32    `json:"partition"`
	Leader    string   `json:"leader"` // empty: none
	Epoch     int32    `json:"epoch"`
	Replicas  []string `json:"replicas"`
	InSync    []string `json:"in_sync"`
}

// FullyInSync reports whether every partition has a leader and all its replicas keep up.
func (s StateChange) FullyInSync() bool {
	for _, p := range s.Partitions {
		if p.Leader == "" || len(p.InSync) < len(p.Replicas) {
			return false
		}
	}
	return len(s.Partitions) > 0
}

// A Fault is one injection as it was planned and as it went. Times that never came are negative.
type Fault struct {
	Name      string        `json:"name"`
	Group     string        `json:"group,omitempty"` // the scenario's fault, sequence or random faults that it belongs to
	Kind      string        `json:"kind"`            // "kill", "latency", ...
	Target    string        `json:"target"`
	Params    string        `json:"params,omitempty"`
	ByHand    bool          `json:"by_hand,omitempty"`    // nobody planned it
	Planned   time.Duration `json:"planned_ns"`           // on the run's clock
	Commanded time.Duration `json:"commanded_ns"`         // when the injection began
	Effective time.Duration `json:"effective_ns"`         // when it was done
	Healing   time.Duration `json:"healing_ns"`           // when the way back began
	Healed    time.Duration `json:"healed_ns"`            // when the way back was done
	Victims   []string      `json:"victims"`              // what the target resolved to
	Chosen    []string      `json:"chosen"`               // how they were found: the state or the draw that decided, a line each
	Affected  []int32       `json:"affected"`             // partitions in which a victim had a role when the fault began
	Survives  bool          `json:"survives"`             // the cluster can go on before the heal
	NoticedBy string        `json:"noticed_by,omitempty"` // the name of the timer that has to run out before the cluster does something about it; empty: none has to
	Evidence  []string      `json:"evidence"`
	Error     string        `json:"error,omitempty"`
	LeftOut   string        `json:"left_out,omitempty"`   // why nothing was done, where that is as the scenario wants it
	HealError string        `json:"heal_error,omitempty"` // why it could not be reverted
}

// Is reports whether the fault is the one that the scenario calls by that name, or one of its injections.
func (f Fault) Is(name string) bool {
	return f.Name == name || f.Group == name || strings.HasPrefix(f.Name, name+" #")
}

// Took reports whether the fault took effect.
func (f Fault) Took() bool { return f.Effective >= 0 && f.Error == "" }

// Never is the value of a Fault's time that never came.
const Never = time.Duration(-1)

// A Figure is one recovery time. Exactly one of Known, Censored and Why says what it is worth.
type Figure struct {
	Value    time.Duration `json:"value_ns"`
	Known    bool          `json:"known"`
	Censored bool          `json:"censored,omitempty"` // it had not come when watching ended: more than Value
	Why      string        `json:"why,omitempty"`      // why it is not known
}

// Recovery is how one fault went by, from the history alone.
type Recovery struct {
	Fault     string        `json:"fault"`
	Threshold time.Duration `json:"threshold_ns"` // τ: a silence longer than this is a gap

	Detect       Figure `json:"detect"`        // effective to the first change that the observer saw
	FirstSuccess Figure `json:"first_success"` // effective to the first success on an affected partition after the impact
	Service      Figure `json:"service"`       // effective to the end of the last gap; 0: no outage
	FirstReturn  Figure `json:"first_return"`  // effective to the end of the first gap
	Failover     Figure `json:"failover"`      // the longest silence of producers on a partition that a victim led and another node took over, a gap or less
	Performance  Figure `json:"performance"`   // effective to the first 5 s as good as the baseline
	Redundancy   Figure `json:"redundancy"`    // healed to every in-sync set full
	Drained      Figure `json:"drained"`       // healed to the backlog as small as in the baseline

	ServiceSinceHealed    Figure `json:"service_since_healed"`
	RedundancySinceEffect Figure `json:"redundancy_since_effective"`
	DrainedSinceEffect    Figure `json:"drained_since_effective"`

	Longest     []Silence `json:"longest"` // the longest silence of each direction in the fault's window, above τ or not
	Gaps        []Silence `json:"gaps"`
	BlastRadius float64   `json:"blast_radius"`        // share of partitions that had a gap, 0 to 1
	OutageArea  float64   `json:"outage_area"`         // messages that were due in gaps
	Brownout    Figure    `json:"brownout"`            // how many seconds were poor though something was acknowledged
	Parts       []Part    `json:"parts,omitempty"`     // what Service is made of, in order; none: nobody can tell, or there was no outage
	Timer       string    `json:"timer,omitempty"`     // the name of the timer that explains the largest part
	Explained   string    `json:"explained,omitempty"` // the same in words
	Vacuous     string    `json:"vacuous,omitempty"`   // why there was no failover that could be judged; empty: there was, or could have been
}
