package kafka_test

import (
	"slices"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// Where replicas are is told in their own order. An emulated broker takes the order to move them and moves nothing.
func TestAssignment(t *testing.T) {
	c, d := start(t, nil)
	defer func() { _, _ = d.Close(), c.Close(t.Context()) }()
	if err := d.CreateTopic(t.Context(), broker.Topic{Name: "orders", Partitions: 3, Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	of := d.(broker.Reassigner)
	all, err := of.Assignment(t.Context(), "orders")
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	s, err := d.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Partitions {
		if got := all[p.Partition]; got.Moving || !slices.Equal(got.Replicas, p.Replicas) {
			t.Errorf("%+v, and the state says %+v", got, p)
		}
	}
	if err := of.Reassign(t.Context(), "orders", map[int32][]string{0: {"b3", "b1", "b2"}}); err != nil {
		t.Error(err)
	}
	if err := of.Reassign(t.Context(), "orders", map[int32][]string{7: {"b1"}}); err == nil {
		t.Error("a partition that there is not is moved")
	}
	if err := of.Reassign(t.Context(), "orders", map[int32][]string{0: {"b9"}}); err == nil {
		t.Error("replicas are moved to a node that there is not")
	}
	if _, err := of.Assignment(t.Context(), "nosuch"); err == nil {
		t.Error("a topic that there is not has replicas")
	}
}
