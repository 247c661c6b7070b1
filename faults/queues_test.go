package faults

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// fakeQueues is a driver of nodes that raise alarms, of queues that can be deleted, and of consumers that can be cancelled.
type fakeQueues struct {
	fakeAPI
	alarms   map[string]bool // of memory, by node
	undoErrs int             // so many ways back fail
	gone     map[int32]bool
	members  map[int32]int // how many consumers a queue has
	mute     error         // in the place of how many
}

func (f *fakeQueues) CancelConsumers(_ context.Context, _ string, partition int32) (int, error) {
	n := f.members[partition]
	delete(f.members, partition)
	return n, f.setErr
}

func (f *fakeQueues) Consumers(_ context.Context, _ string, partition int32) (int, error) {
	return f.members[partition], f.mute
}

func (f *fakeQueues) Alarms(_ context.Context, node string) ([]broker.Resource, error) {
	if f.alarms[node] {
		return []broker.Resource{broker.MemoryResource}, nil
	}
	return nil, nil
}

func (f *fakeQueues) Alarm(_ context.Context, node string, _ broker.Resource) (string, func(context.Context) error, error) {
	f.alarms[node] = !f.deaf
	return "a limit of 0", func(context.Context) error {
		if f.undoErrs > 0 {
			f.undoErrs--
			return errors.New("no answer")
		}
		delete(f.alarms, node)
		return nil
	}, f.setErr
}

func (f *fakeQueues) State(ctx context.Context) (broker.State, error) {
	s, err := f.fakeAPI.State(ctx)
	for i := range s.Partitions {
		if f.gone[s.Partitions[i].Partition] {
			s.Partitions[i].Leader = ""
		}
	}
	return s, err
}

func (f *fakeQueues) DeleteQueue(_ context.Context, _ string, partition int32) (uint64, error) {
	f.gone[partition] = true
	return 1234, f.setErr
}

func (f *fakeQueues) DeclareQueue(_ context.Context, _ string, partition int32) error {
	delete(f.gone, partition)
	return nil
}

func newFakeQueues() (*fakeQueues, Victims) {
	f := &fakeQueues{fakeAPI: fakeAPI{cluster: newFakeCluster()}, alarms: map[string]bool{}, gone: map[int32]bool{}}
	return f, Victims{Nodes: f.cluster.Nodes()[:1], Driver: f, Cluster: f.cluster, Topic: "orders", Witness: &Witness{}}
}

// An alarm is in force when the node says so, and over when it says so; one that was over before, and one that never came, are told as such.
func TestAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, v := newFakeQueues()
		back, err := memoryAlarmKind.New().Inject(t.Context(), v)
		if err != nil || !f.alarms["b1"] || len(f.alarms) != 1 {
			t.Fatalf("%v, %v", f.alarms, err)
		}
		if _, err := memoryAlarmKind.New().Inject(t.Context(), v); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("a second alarm: %v", err)
		}
		time.Sleep(3 * time.Second)
		f.undoErrs = 1
		if err := back(t.Context()); err == nil || !f.alarms["b1"] {
			t.Errorf("a way back that fails: %v", err)
		}
		if err := back(t.Context()); err != nil || len(f.alarms) > 0 {
			t.Errorf("%v is left, %v", f.alarms, err)
		}
		at, notes := v.Witness.told()
		if all := strings.Join(notes, "\n"); at.IsZero() || !strings.Contains(all, "b1: memory alarm on, by a limit of 0\nb1: memory alarm still on after 3s") || v.Witness.complaint() != "" {
			t.Errorf("evidence %q, complaint %q", notes, v.Witness.complaint())
		}

		f, v = newFakeQueues()
		if back, err = memoryAlarmKind.New().Inject(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		clear(f.alarms) // its node was started again
		if err := back(t.Context()); err != nil || !strings.Contains(v.Witness.complaint(), "over before the fault was") {
			t.Errorf("an alarm that was over: %q, %v", v.Witness.complaint(), err)
		}

		f, v = newFakeQueues()
		f.deaf = true
		if back, err = memoryAlarmKind.New().Inject(t.Context(), v); err == nil || !strings.Contains(err.Error(), "raises no alarm") {
			t.Errorf("a node that raises none: %v", err)
		}
		if err := back(t.Context()); err != nil {
			t.Error(err)
		}

		f, v = newFakeQueues()
		f.setErr = errors.New("the answer was lost")
		if back, err = memoryAlarmKind.New().Inject(t.Context(), v); !errors.Is(err, f.setErr) || back(t.Context()) != nil || len(f.alarms) > 0 {
			t.Errorf("%v is left, %v", f.alarms, err)
		}
	})
}

// A queue that was deleted, or may have been, is made again.
func TestDeleteQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, v := newFakeQueues()
		for _, lost := range []error{nil, errors.New("the answer was lost")} {
			f.setErr = lost
			back, err := (&DeleteQueue{Partition: 2}).Inject(t.Context(), v)
			if !errors.Is(err, lost) || !f.gone[2] || len(f.gone) != 1 {
				t.Errorf("%v are gone, %v", f.gone, err)
			}
			for range 2 {
				if err := back(t.Context()); err != nil || len(f.gone) > 0 {
					t.Errorf("%v are gone still, %v", f.gone, err)
				}
			}
		}
		if _, notes := v.Witness.told(); len(notes) != 1 || notes[0] != "the queue of orders/2 is deleted; messages in it that nobody had been given: 1,234" {
			t.Errorf("evidence %q", notes)
		}
		f.setErr = nil
		back, err := (&DeleteQueue{Partition: AllPartitions}).Inject(t.Context(), v)
		if err != nil || len(f.gone) != 6 || back(t.Context()) != nil || len(f.gone) > 0 {
			t.Errorf("of all, %v are gone, %v", f.gone, err)
		}
		if err := (&DeleteQueue{Partition: 17}).Needs(v); err == nil {
			t.Error("an unknown partition is taken")
		}
	})
}

// Consumers are cancelled of the queues that are meant, and how many came again is told when the fault is over. Where nobody consumes there is nothing to cancel.
func TestCancelConsumer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, v := newFakeQueues()
		f.members = map[int32]int{0: 2, 2: 2, 3: 1}
		back, err := (&CancelConsumer{Partition: 2}).Inject(t.Context(), v)
		if err != nil || f.members[2] != 0 || f.members[0] != 2 {
			t.Fatalf("%v are left, %v", f.members, err)
		}
		f.members[2] = 1
		for range 2 {
			if err := back(t.Context()); err != nil {
				t.Error(err)
			}
		}
		want := []string{"cancelled 2 consumers of orders/2", "orders/2 has 1 consumer when the fault is over, and had 2"}
		at, notes := v.Witness.told()
		if at.IsZero() || len(notes) < 2 || !slices.Equal(notes[:2], want) || v.Witness.complaint() != "" {
			t.Errorf("evidence %q, complaint %q", notes, v.Witness.complaint())
		}

		v.Witness = &Witness{}
		f.mute = errors.New("no answer")
		if back, err = (&CancelConsumer{Partition: AllPartitions}).Inject(t.Context(), v); err != nil || len(f.members) > 0 || back(t.Context()) != nil {
			t.Errorf("of all, %v are left, %v", f.members, err)
		}
		_, notes = v.Witness.told()
		if all := strings.Join(notes, "\n"); !strings.Contains(all, "cancelled 1 consumer of orders/3\nnobody consumed from orders/1, orders/4, orders/5\n") ||
			!strings.Contains(all, "orders/0: whether its consumers came back is not known: no answer") {
			t.Errorf("evidence %s", all)
		}
	})
}

// Where there is nobody to cancel, where the broker does not answer, and of a partition that there is not, the fault takes no effect, and says why.
func TestCancelConsumerOfNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, v := newFakeQueues()
		for partition, want := range map[Partition]string{1: "nobody consumes from orders/1", AllPartitions: "nobody consumes from orders/0, orders/1,", 17: "no partition 17"} {
			back, err := (&CancelConsumer{Partition: partition}).Inject(t.Context(), v)
			if err == nil || !strings.Contains(err.Error(), want) || back(t.Context()) != nil {
				t.Errorf("%v, want %q", err, want)
			}
		}
		f.setErr = errors.New("b1 still lists consumers")
		if _, err := (&CancelConsumer{Partition: 1}).Inject(t.Context(), v); !errors.Is(err, f.setErr) {
			t.Error(err)
		}
		if at, notes := v.Witness.told(); !at.IsZero() || len(notes) > 0 {
			t.Errorf("evidence %q", notes)
		}
		if err := (&CancelConsumer{Partition: 17}).Needs(v); err == nil {
			t.Error("an unknown partition is taken")
		}
		v.Driver = &f.fakeAPI
		if err := cancelConsumerKind.Needs(v); err == nil || (&CancelConsumer{}).Needs(v) != nil {
			t.Errorf("a driver that cannot: %v", err)
		}
	})
}

// A role that a kind has not, and a partition that nobody else could lead, take no order to step down.
func TestStepDownNeedsSomebodyElse(t *testing.T) {
	t.Parallel()
	kind := broker.Kind{Name: "queues"}
	if err := (&StepDown{Of: "controller"}).CheckWords(kind); err == nil || !strings.Contains(err.Error(), "queues has no controller") {
		t.Errorf("a controller that there is not: %v", err)
	}
	kind.Roles = []string{"controller"}
	if err := errors.Join((&StepDown{Of: "controller"}).CheckWords(kind), (&StepDown{Of: "leader"}).CheckWords(kind)); err != nil {
		t.Error(err)
	}
	synctest.Test(t, func(t *testing.T) {
		f, v := newFakeQueues()
		v.Driver = single{f}
		if err := (&StepDown{Of: "leader"}).Needs(v); err == nil || !strings.Contains(err.Error(), "nobody could lead it in its place") {
			t.Errorf("one replica: %v", err)
		}
	})
}

// single has one replica of each partition.
type single struct{ *fakeQueues }

func (s single) State(ctx context.Context) (broker.State, error) {
	state, err := s.fakeQueues.State(ctx)
	for i := range state.Partitions {
		state.Partitions[i].Replicas = []string{"b1"}
	}
	return state, err
}

// Where only some settings can be changed, others are told, and a value that is none.
func TestAlterConfigOfWhatCanBeChanged(t *testing.T) {
	t.Parallel()
	kind := broker.Kind{Name: "queues", Changeable: map[string]func(string) error{"length": func(v string) error {
		if v != "5" {
			return errors.New("is not 5")
		}
		return nil
	}}}
	for want, a := range map[string]AlterConfig{
		"":                                    {Of: ofTopic, Setting: "length", To: "5"},
		"length is not 5":                     {Of: ofTopic, Setting: "length", To: "6"},
		"there are length":                    {Of: ofTopic, Setting: "width", To: "5"},
		"no settings of queues's nodes while": {Of: ofBrokers, Setting: "length", To: "5"},
	} {
		if err := a.CheckWords(kind); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", a, err, want)
		}
	}
}
