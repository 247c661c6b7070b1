package kafka_test

import (
	"slices"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// What is asked through the API is done, and only that: an emulated broker moves the leader of each partition that it elects one for.
func TestElect(t *testing.T) {
	c, d := start(t, nil)
	defer func() { _, _ = d.Close(), c.Close(t.Context()) }()
	if err := d.CreateTopic(t.Context(), broker.Topic{Name: "orders", Partitions: 3, Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	before, err := d.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	elected, err := d.(broker.Elector).Elect(t.Context(), "orders", []int32{2, 0}, false)
	if err != nil || !slices.Equal(elected, []int32{0, 2}) {
		t.Fatalf("elected for %v, %v", elected, err)
	}
	after, err := d.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range after.Partitions {
		if moved := p.Leader != before.Partitions[i].Leader && p.Epoch > before.Partitions[i].Epoch; moved != (p.Partition != 1) {
			t.Errorf("%+v, before %+v", p, before.Partitions[i])
		}
	}
	if _, err := d.(broker.Elector).Elect(t.Context(), "orders", []int32{7}, false); err == nil {
		t.Error("a leader is elected for a partition that there is not")
	}
}

// A topic's setting is changed, seen on every node, and taken away again.
func TestSetting(t *testing.T) {
	c, d := start(t, nil)
	defer func() { _, _ = d.Close(), c.Close(t.Context()) }()
	if err := d.CreateTopic(t.Context(), broker.Topic{Name: "orders", Partitions: 1, Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	of := d.(broker.Configurer)
	const topic, name = "orders", "max.message.bytes"
	before, err := of.Setting(t.Context(), topic, name)
	if err != nil || before.Own != nil || len(before.InForce) != 3 {
		t.Fatalf("%s of %q: %+v, %v", name, topic, before, err)
	}
	value := "2000"
	if err := of.SetSetting(t.Context(), topic, name, &value); err != nil {
		t.Fatal(err)
	}
	s, err := of.Setting(t.Context(), topic, name)
	if err != nil || s.Own == nil || *s.Own != value || s.InForce["b1"] != value || s.InForce["b3"] != value {
		t.Errorf("%s of %q: %+v, %v", name, topic, s, err)
	}
	if err := of.SetSetting(t.Context(), topic, name, nil); err != nil {
		t.Fatal(err)
	}
	if s, err := of.Setting(t.Context(), topic, name); err != nil || s.Own != nil || s.InForce["b2"] != before.InForce["b2"] {
		t.Errorf("%s of %q is %+v afterwards, %v", name, topic, s, err)
	}
	if err := of.SetSetting(t.Context(), "nosuch", "max.message.bytes", new("1")); err == nil {
		t.Error("a topic that there is not has a setting")
	}
}

// A quota of producers is set for all of them and taken away, and that of consumers is left alone.
func TestQuota(t *testing.T) {
	c, d := start(t, nil)
	defer func() { _, _ = d.Close(), c.Close(t.Context()) }()
	of := d.(broker.Quotas)
	limit := 102400.0
	for _, set := range []*float64{nil, &limit, nil} {
		if err := of.SetQuota(t.Context(), broker.Producers, set); err != nil {
			t.Fatal(err)
		}
		got, err := of.Quota(t.Context(), broker.Producers)
		if err != nil || (got == nil) != (set == nil) || got != nil && *got != limit {
			t.Errorf("set %v, got %v, %v", set, got, err)
		}
		if got, err := of.Quota(t.Context(), broker.Consumers); err != nil || got != nil {
			t.Errorf("the consumers' is %v, %v", got, err)
		}
	}
}
