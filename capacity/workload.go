package capacity

import (
	"strconv"
	"time"

	"github.com/seed-228c25e4/squall/scenarios"
)

// workloadOf is what the arithmetic needs to know of a scenario.
func workloadOf(s *scenarios.Scenario) Workload {
	w := Workload{Size: float64(s.Load.Size), Partitions: s.Topic.Partitions, Replicas: max(s.Topic.Replicas, 1), Nodes: s.Broker.Nodes, Producers: s.Load.Producers.Count, Consumers: s.Load.Consumers.Count}
	if millis, err := strconv.ParseInt(s.Topic.Config["retention.ms"], 10, 64); err == nil && millis > 0 && millis < int64(time.Duration(1<<63-1)/time.Millisecond) {
		w.Retention = time.Duration(millis) * time.Millisecond // as Kafka calls it
	}
	return w
}
