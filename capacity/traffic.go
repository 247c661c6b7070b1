package capacity

import "math"

// A Traffic is what a rate means in bytes, spread evenly over the brokers. It counts messages' values alone: keys, headers, batches and the protocol come on top.
type Traffic struct {
	At   string  `json:"at"`   // "the advised rate"
	Rate float64 `json:"rate"` // messages per second
	// In bytes per second, of the whole cluster.
	Produce     float64 `json:"produce"`     // Rate × size
	Replication float64 `json:"replication"` // Produce × (copies - 1): every follower is sent every message once
	Consume     float64 `json:"consume"`     // Produce × consumer groups: each is given every message once
	// In bytes per second, of each broker.
	BrokerIn  float64 `json:"broker_in"`  // (Produce + Replication) / brokers
	BrokerOut float64 `json:"broker_out"` // (Replication + Consume) / brokers
	DiskDay   float64 `json:"disk_day"`   // bytes that each broker's disk takes in a day: Produce × copies / brokers × 86,400 s
	// Retained is what each broker's disk holds at last, in bytes: Produce × copies / brokers × retention; 0: the scenario states no retention.
	Retained float64 `json:"retained,omitempty"`
	Brokers  int     `json:"brokers"`
}

// Arithmetic says where the formulas come from.
const Arithmetic = "Replication is (copies - 1) times what is produced, for each follower is sent every message once; each group of consumers is given every message once. " +
	"Partitions are max(t/p, t/c), the target by what one partition, and one consumer, was seen to carry (Rao, How to choose the number of topics/partitions in a Kafka cluster, 2015). " +
	"Growth is Gunther's Universal Scalability Law (Guerrilla Capacity Planning, 2007). It is all of messages' values: keys, headers and the protocol come on top."

const day = 86_400 // seconds

// trafficOf does the arithmetic of a rate over so many brokers; each message is as large as given.
func (w *Workload) trafficOf(at string, rate, size float64, brokers int) Traffic {
	t := Traffic{At: at, Rate: rate, Produce: rate * size, Brokers: brokers}
	copies, nodes := float64(max(w.Replicas, 1)), float64(max(brokers, 1))
	t.Replication = t.Produce * (copies - 1)
	if w.Consumers > 0 {
		t.Consume = t.Produce // the load has one group
	}
	t.BrokerIn, t.BrokerOut = (t.Produce+t.Replication)/nodes, (t.Replication+t.Consume)/nodes
	t.DiskDay = t.Produce * copies / nodes * day
	t.Retained = t.Produce * copies / nodes * w.Retention.Seconds()
	return t
}

// traffic does the arithmetic of the rates that matter.
func (r *Result) traffic() (all []Traffic) {
	w, size := &r.Workload, r.bytesEach()
	if size <= 0 || w.Nodes == 0 {
		return nil
	}
	a := r.Analysis
	if k := r.knee(r.main(Healthy)); k != nil && k.Rate > 0 {
		all = append(all, w.trafficOf("what it carries", k.Rate, size, w.Nodes))
	}
	if a.Advice != nil {
		all = append(all, w.trafficOf("the advised rate", a.Advice.Rate, size, w.Nodes))
	}
	if f := a.Fleet; f != nil && f.Brokers > 0 {
		all = append(all, w.trafficOf("the target", f.Needed, size, f.Brokers))
	}
	return all
}

// A Partitions is how many partitions a rate needs at least, by what one of them and one consumer were seen to carry: max(t/p, t/c).
type Partitions struct {
	Rate         float64 `json:"rate"`
	PerPartition float64 `json:"per_partition"`          // messages per second that each was seen to carry; it may carry more
	PerConsumer  float64 `json:"per_consumer,omitempty"` // and that each consumer was; 0: nothing is consumed
	Needed       int     `json:"needed"`
}

// partitions tells how many the target needs; nil: there is no target, or what the cluster carries is not known.
func (r *Result) partitions() *Partitions {
	c, w := r.main(Healthy), &r.Workload
	k := r.knee(c)
	if r.Goal == nil || k == nil || k.Rate == 0 || w.Partitions == 0 {
		return nil
	}
	p := &Partitions{Rate: r.Goal.Needed(), PerPartition: headroom * k.Rate / float64(w.Partitions)}
	need := p.Rate / p.PerPartition
	if w.Consumers > 0 {
		p.PerConsumer = headroom * k.Rate / float64(w.Consumers)
		need = max(need, p.Rate/p.PerConsumer)
	}
	p.Needed = max(int(math.Ceil(need*(1-1e-9))), 1)
	return p
}
