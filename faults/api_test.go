package faults

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-228c25e4/squall/broker"
)

// fakeAPI is a driver with one setting, and elections that raise the epochs.
type fakeAPI struct {
	broker.Driver
	cluster *fakeCluster
	own     *string
	deaf    bool // takes a setting, or elects, and nothing changes
	setErr  error
	elects  []int32
	rounds  int32

	lostAnswers int // so many elections happen, and nobody learns of it
}

func (f *fakeAPI) State(ctx context.Context) (broker.State, error) {
	s, err := f.cluster.state(ctx)
	for i := range s.Partitions {
		s.Partitions[i].Epoch = f.rounds
	}
	return s, err
}

func (f *fakeAPI) Elect(context.Context, string, []int32, bool) ([]int32, error) {
	if !f.deaf {
		f.rounds++
	}
	if f.lostAnswers > 0 {
		f.lostAnswers--
		return nil, errors.New("connection reset by peer")
	}
	return f.elects, nil
}

func (f *fakeAPI) Resign(context.Context, broker.Role, string) error {
	if !f.deaf {
		f.rounds++
	}
	return f.setErr
}

func (f *fakeAPI) Setting(_ context.Context, _, name string) (broker.Setting, error) {
	if name != "max.message.bytes" && name != "ssl.key.password" {
		return broker.Setting{}, errors.New("there is no setting " + name)
	}
	value := "1048588"
	if f.own != nil {
		value = *f.own
	}
	return broker.Setting{Own: f.own, InForce: map[string]string{"b1": value, "b2": value}}, nil
}

func (f *fakeAPI) SetSetting(_ context.Context, _, _ string, value *string) error {
	if !f.deaf {
		f.own = value
	}
	return f.setErr
}

func (f *fakeAPI) victims() Victims {
	return Victims{Driver: f, Topic: "orders", Witness: &Witness{}}
}

func TestAlterConfig(t *testing.T) {
	t.Parallel()
	own := "2000"
	for name, was := range map[string]*string{"not set before": nil, "set before": &own} {
		for _, lost := range []error{nil, errors.New("the answer was lost")} {
			f := &fakeAPI{own: was, setErr: lost}
			v := f.victims()
			fault := &LowerMaxMessageBytes{To: 1 << 10}
			back, err := fault.Inject(t.Context(), v)
			if !errors.Is(err, lost) || f.own == nil || *f.own != "1024" {
				t.Errorf("%s: set %v, error %v", name, f.own, err)
			}
			f.setErr = nil
			if err := back(t.Context()); err != nil || f.own != was {
				t.Errorf("%s: %v is left, error %v", name, f.own, err)
			}
			if _, notes := v.Witness.told(); lost == nil && (len(notes) != 2 || !strings.Contains(notes[0], "1024 in force on 2 nodes")) {
				t.Errorf("%s: evidence %q", name, notes)
			}
		}
	}
}

// What a secret setting is set to, or was, stands neither in the evidence nor among the parameters nor in errors; what others are, does.
func TestAlterConfigTellsNoSecret(t *testing.T) {
	t.Parallel()
	for setting, shown := range map[string]bool{"ssl.key.password": false, "max.message.bytes": true} {
		was := "first-value"
		f := &fakeAPI{own: &was}
		v := f.victims()
		fault := &AlterConfig{Of: ofTopic, Setting: setting, To: "second-value"}
		back, err := fault.Inject(t.Context(), v)
		if err == nil {
			err = back(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		f.own = &fault.To
		_, notes := v.Witness.told()
		told := strings.Join(append(notes, describe(fault), fault.Needs(v).Error()), "\n")
		if strings.Contains(told, "first-value") != shown || strings.Count(told, "second-value") != map[bool]int{true: 3}[shown] {
			t.Errorf("%s:\n%s", setting, told)
		}
		if secrets := (Step{Fault: fault}).Secrets(); (len(secrets) == 0) != shown {
			t.Errorf("%s: secrets are %v", setting, secrets)
		}
	}
}

func TestAlterConfigOverlapping(t *testing.T) {
	t.Parallel()
	f := &fakeAPI{}
	first, err := (&LowerMaxMessageBytes{To: 1000}).Inject(t.Context(), f.victims())
	if err != nil {
		t.Fatal(err)
	}
	second, err := (&LowerMaxMessageBytes{To: 500}).Inject(t.Context(), f.victims())
	if err != nil {
		t.Fatal(err)
	}
	if err := first(t.Context()); err == nil {
		t.Error("the first took away what the second had set")
	}
	if err := errors.Join(second(t.Context()), first(t.Context())); err != nil || f.own != nil {
		t.Errorf("%v is left, error %v", f.own, err)
	}
}

func TestAlterConfigThatDoesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAPI{deaf: true}
		if _, err := (&LowerMaxMessageBytes{To: 1000}).Inject(t.Context(), f.victims()); err == nil {
			t.Error("a setting that did not change is told as changed")
		}
		for _, a := range []*AlterConfig{{Setting: "max.message.bytes", To: "1048588"}, {Setting: "nosuch", To: "1"}} {
			if a.Needs(f.victims()) == nil {
				t.Errorf("%+v is taken", a)
			}
		}
	})
}

// Who steps down is followed by somebody, or elected again, which a newer epoch shows; a cluster that agrees and does nothing is told as such.
func TestStepDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAPI{cluster: newFakeCluster()}
		v := f.victims()
		s := &StepDown{Of: "leader"}
		if err := s.Needs(v); err != nil {
			t.Error(err)
		}
		if _, err := s.Inject(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		if _, notes := v.Witness.told(); len(notes) != 1 || !strings.Contains(notes[0], "stepped down as leader") {
			t.Errorf("evidence %q", notes)
		}
		if err := (&StepDown{Of: "coordinator"}).Needs(v); err == nil || !strings.Contains(err.Error(), "no coordinator") {
			t.Errorf("a cluster without a coordinator: %v", err)
		}
		f.deaf = true
		if _, err := s.Inject(t.Context(), v); err == nil || !strings.Contains(err.Error(), "is still the leader") {
			t.Errorf("a cluster that does nothing: %v", err)
		}
		f.setErr = errors.New("no")
		if _, err := s.Inject(t.Context(), v); !errors.Is(err, f.setErr) {
			t.Errorf("a cluster that refuses: %v", err)
		}
	})
}

func TestElectLeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ElectLeader{Type: preferred, Partition: AllPartitions}
		f := &fakeAPI{cluster: newFakeCluster(), elects: []int32{0, 2}}
		v := f.victims()
		if _, err := e.Inject(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		if _, notes := v.Witness.told(); len(notes) != 2 || !strings.Contains(notes[1], `orders/2: "b3" leads (epoch 1)`) {
			t.Errorf("evidence %q", notes)
		}
		for want, f := range map[string]*fakeAPI{"no preferred election was needed": {}, "shows none that is new": {elects: []int32{1}, deaf: true}} {
			f.cluster = newFakeCluster()
			if _, err := e.Inject(t.Context(), f.victims()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		}
		f = &fakeAPI{cluster: newFakeCluster(), lostAnswers: 1}
		v = f.victims()
		if _, err := e.Inject(t.Context(), v); err != nil { // the first answer is lost, and then no election is needed
			t.Error(err)
		}
		if _, notes := v.Witness.told(); len(notes) != 6 {
			t.Errorf("evidence %q", notes)
		}
		f = &fakeAPI{cluster: newFakeCluster(), lostAnswers: 9}
		if _, err := e.Inject(t.Context(), f.victims()); err == nil || !strings.Contains(err.Error(), "reset") {
			t.Errorf("no answer ever comes: %v", err)
		}
		if err := (&ElectLeader{Partition: 17}).Needs(v); err == nil {
			t.Error("an unknown partition is taken")
		}
	})
}

// fakeTopic is a driver that keeps a topic's messages.
type fakeTopic struct {
	fakeAPI
	starts map[int32]int64
	lost   error
	made   int
}

func (f *fakeTopic) Ends(context.Context, string) (map[int32]broker.Range, error) {
	all := map[int32]broker.Range{}
	for p := range int32(6) {
		all[p] = broker.Range{Start: f.starts[p], End: 100}
	}
	return all, nil
}

func (f *fakeTopic) DeleteRecords(_ context.Context, _ string, below map[int32]int64) error {
	if !f.deaf {
		f.starts = below
	}
	return nil
}

func (f *fakeTopic) RecreateTopic(context.Context, string) (string, string, error) {
	f.made++
	return "id-1", "id-2", f.lost
}

func newFakeTopic() (*fakeTopic, Victims) {
	f := &fakeTopic{fakeAPI: fakeAPI{cluster: newFakeCluster()}}
	return f, Victims{Driver: f, Cluster: f.cluster, Topic: "orders", Witness: &Witness{}}
}

func TestDeleteRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, v := newFakeTopic()
		if _, err := (&DeleteRecords{Partition: 2, Oldest: 0.3}).Inject(t.Context(), v); err != nil || f.starts[2] != 30 || len(f.starts) != 1 {
			t.Errorf("%v, %v", f.starts, err)
		}
		if _, notes := v.Witness.told(); len(notes) != 1 || notes[0] != "orders/2: offsets 0 to 29 are deleted, of 0 to 99" {
			t.Errorf("evidence %q", notes)
		}
		var read map[int32]broker.Range
		v.Removing = func(_ context.Context, stretches map[int32]broker.Range) error {
			read = stretches
			return f.lost
		}
		f.starts, f.lost = nil, errors.New("no leader")
		if _, err := (&DeleteRecords{Partition: 2, Oldest: 0.3}).Inject(t.Context(), v); err == nil || f.starts != nil || read[2] != (broker.Range{End: 30}) {
			t.Errorf("of what could not be read before %v was deleted; asked for %v, %v", f.starts, read, err)
		}
		v.Removing = func(ctx context.Context, _ map[int32]broker.Range) error {
			<-ctx.Done()
			return fmt.Errorf("12 messages were read: %w", ctx.Err())
		}
		ctx, cancel := context.WithTimeout(t.Context(), ActWithin)
		defer cancel()
		_, err := (&DeleteRecords{Partition: AllPartitions, Oldest: 0.5}).Inject(ctx, v)
		if err == nil || f.starts != nil || ctx.Err() != nil || !regexp.MustCompile("^nothing was deleted: .* the [0-9,]+ oldest offsets of orders could not be read within 45s: "+
			"12 messages were read: .*; delete less at a time, by a lower oldest or one partition after the other$").MatchString(err.Error()) {
			t.Errorf("too much to read in time: %v", err)
		}
		v.Removing = nil
		f.lost = nil
		f.starts = map[int32]int64{1: 100}
		if _, err := (&DeleteRecords{Partition: 1, Oldest: 1}).Inject(t.Context(), v); err == nil || !strings.Contains(err.Error(), "holds nothing") {
			t.Errorf("an empty log: %v", err)
		}
		f.deaf = true
		if _, err := (&DeleteRecords{Partition: 0, Oldest: 1}).Inject(t.Context(), v); err == nil || !strings.Contains(err.Error(), "was to begin at 100") {
			t.Errorf("a cluster that deletes nothing: %v", err)
		}
	})
}

// A topic that was deleted and could not be made is made by the way back.
func TestRecreateTopic(t *testing.T) {
	t.Parallel()
	f, v := newFakeTopic()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it is not cut short
	back, err := (&RecreateTopic{}).Inject(ctx, v)
	if err != nil || back(t.Context()) != nil || f.made != 1 {
		t.Errorf("%v, made %d times", err, f.made)
	}
	if _, notes := v.Witness.told(); len(notes) != 1 || notes[0] != "orders was id-1, and is id-2 now" {
		t.Errorf("evidence %q", notes)
	}
	f.lost = errors.New("no controller")
	if back, err = (&RecreateTopic{}).Inject(t.Context(), v); err == nil {
		t.Fatal("a topic that was not made is told as made")
	}
	f.lost = nil
	if err := back(t.Context()); err != nil || f.made != 3 {
		t.Errorf("%v, made %d times", err, f.made)
	}
}

func TestAPINeedsPowers(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{electLeaderKind, stepDownKind, alterConfigKind, lowerMaxMessageBytesKind, reassignKind, deleteRecordsKind, recreateTopicKind,
		deleteQueueKind, memoryAlarmKind, diskAlarmKind} {
		if err := k.Needs(Victims{}); err == nil {
			t.Errorf("%s: a driver without the power is taken", k.Name)
		}
	}
}

// emulated is a cluster that is emulated.
type emulated struct{ *fakeCluster }

func (emulated) Describe() broker.Description { return broker.Description{Emulated: "yes"} }

func TestAlterConfigOfEmulatedBrokers(t *testing.T) {
	t.Parallel()
	v := (&fakeAPI{}).victims()
	v.Cluster = emulated{newFakeCluster()}
	if err := (&AlterConfig{Of: ofBrokers, Setting: "max.message.bytes", To: "5"}).Needs(v); err == nil || !strings.Contains(err.Error(), "emulated") {
		t.Errorf("error %v", err)
	}
	if err := (&AlterConfig{Of: ofTopic, Setting: "max.message.bytes", To: "5"}).Needs(v); err != nil {
		t.Error(err)
	}
}
