package kafka

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// frame is a request or an answer as it passes a connection.
func frame(id int32, header, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(4+len(header)+len(body)))
	b = binary.BigEndian.AppendUint32(b, uint32(id))
	return append(append(b, header...), body...)
}

// asked is a produce request for the partitions, with a batch of one message each.
func asked(version int16, id int32, partitions ...int32) []byte {
	req := kmsg.NewPtrProduceRequest()
	req.SetVersion(version)
	req.Acks = -1
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = "t"
	for _, p := range partitions {
		rp := kmsg.NewProduceRequestTopicPartition()
		rp.Partition, rp.Records = p, []byte("some records")
		topic.Partitions = append(topic.Partitions, rp)
	}
	req.Topics = append(req.Topics, topic)
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("a client")).AppendRequest(nil, req, id)
}

func answered(version int16, id int32, codes map[int32]int16) []byte {
	resp := kmsg.NewPtrProduceResponse()
	resp.SetVersion(version)
	topic := kmsg.NewProduceResponseTopic()
	topic.Topic = "t"
	for p, code := range codes {
		rp := kmsg.NewProduceResponseTopicPartition()
		rp.Partition, rp.ErrorCode = p, code
		topic.Partitions = append(topic.Partitions, rp)
	}
	resp.Topics = append(resp.Topics, topic)
	var header []byte
	if resp.IsFlexible() {
		header = []byte{0}
	}
	return frame(id, header, resp.AppendTo(nil))
}

// begin is what Compress counts.
func begin(t *tally, partitions ...int32) {
	for _, p := range partitions {
		t.partitions[p].begun.Add(1)
	}
}

// TestTap reads whole conversations in pieces of any size, in every version of the protocol that franz-go speaks.
func TestTap(t *testing.T) {
	refused, appended := kerr.NotEnoughReplicas.Code, kerr.NotEnoughReplicasAfterAppend.Code
	for version := int16(3); version <= 13; version++ {
		random := rand.New(rand.NewPCG(1, uint64(version)))
		tl := newTally(1, 3, nil)
		tap := newTap(tl)
		begin(tl, 0, 1)
		tap.Request(asked(version, 5, 0, 1))
		begin(tl, 0, 2)
		tap.Request(asked(version, 6, 0, 2))
		if tl.absent(0, 0) || !tl.absent(0, 2) {
			t.Errorf("version %d: what is under way may be stored, and what came later is in nothing", version)
		}
		stream := frame(4, nil, make([]byte, 100)) // an answer to something else
		stream = append(stream, answered(version, 5, map[int32]int16{0: refused, 1: appended})...)
		stream = append(stream, answered(version, 6, map[int32]int16{0: refused, 2: 0})...)
		for len(stream) > 0 {
			n := min(len(stream), 1+random.IntN(40))
			tap.Answer(stream[:n])
			stream = stream[n:]
		}
		for partition, want := range []bool{true, false, true} {
			if got := tl.absent(int32(partition), 0); got != want {
				t.Errorf("version %d: partition %d: absent is %v", version, partition, got)
			}
		}
		if tl.answers.Load() != 2 || len(tap.waiting) != 0 {
			t.Errorf("version %d: %d answers were seen, and %d requests wait", version, tl.answers.Load(), len(tap.waiting))
		}
		begin(tl, 0)
		tap.Request(asked(version, 7, 0))
		tap.Lost()
		if tl.absent(0, 0) || !tl.absent(0, 3) {
			t.Errorf("version %d: a lost request may be stored, and what came later is in nothing", version)
		}
	}
}

func TestTapOfSomethingElse(t *testing.T) {
	tl := newTally(1, 1, nil)
	tap := newTap(tl)
	tap.Request(kmsg.NewRequestFormatter().AppendRequest(nil, kmsg.NewPtrMetadataRequest(), 1))
	tap.Request([]byte("short"))
	if len(tap.waiting) != 0 {
		t.Error("a request that holds no messages is waited for")
	}
	begin(tl, 0)
	broken := asked(9, 2, 0)
	tap.Request(broken[:len(broken)-20])
	if tl.absent(0, 0) {
		t.Error("an unreadable request may hold anything")
	}
}

// TestRing takes and gives back at random, and holds each slot once.
func TestRing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 7, 8, 100} {
		r := newRing(n)
		out := map[uint32]bool{}
		var held []uint32
		for range 1000 {
			take := random.IntN(r.available() + 1)
			first := r.take(take)
			for i := range take {
				index := r.at(first + uint64(i))
				if out[index] || int(index) >= n {
					t.Fatalf("%d slots: slot %d is given out twice", n, index)
				}
				out[index] = true
				held = append(held, index)
				for len(held) > 0 && random.IntN(3) == 0 { // some come back before the last are given out
					k := random.IntN(len(held))
					delete(out, held[k])
					r.put(held[k])
					r.publish()
					held[k] = held[len(held)-1]
					held = held[:len(held)-1]
				}
			}
			if r.available() != n-len(held) {
				t.Fatalf("%d slots, %d held: %d available", n, len(held), r.available())
			}
		}
	}
}

func story(node string, brokers []int32, partitions ...kmsg.MetadataResponseTopicPartition) answer {
	m := kmsg.NewPtrMetadataResponse()
	for _, id := range brokers {
		b := kmsg.NewMetadataResponseBroker()
		b.NodeID = id
		m.Brokers = append(m.Brokers, b)
	}
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic, topic.Partitions = kmsg.StringPtr("t"), partitions
	m.Topics = append(m.Topics, topic)
	return answer{node: node, metadata: m}
}

func partition(id, leader, epoch int32, isr ...int32) kmsg.MetadataResponseTopicPartition {
	p := kmsg.NewMetadataResponseTopicPartition()
	p.Partition, p.Leader, p.LeaderEpoch, p.Replicas, p.ISR = id, leader, epoch, []int32{1, 2, 3}, isr
	return p
}

// TestNewestStoryWins has a node that is cut off tell an old one.
func TestNewestStoryWins(t *testing.T) {
	d := &driver{names: map[int32]string{1: "b1", 2: "b2", 3: "b3"}}
	old := story("b1", []int32{1, 2, 3}, partition(0, 1, 4, 1, 2, 3), partition(1, 2, 7, 1, 2, 3))
	now := func(node string) answer {
		return story(node, []int32{2, 3}, partition(0, 2, 5, 2, 3), partition(1, 2, 7, 2, 3))
	}
	answers := []answer{old, now("b2"), now("b3")}
	rank(answers)
	s := d.merge(answers)
	if len(s.Nodes) != 2 || s.Nodes[0] != "b2" {
		t.Errorf("the nodes are %v", s.Nodes)
	}
	for i, want := range []string{"b2", "b2"} {
		p, _ := s.Partition("t", int32(i))
		if p.Leader != want || len(p.InSync) != 2 || len(p.Replicas) != 3 {
			t.Errorf("partition %d: %+v", i, p)
		}
	}
	// With no epoch between them the majority is right.
	old.metadata.Topics[0].Partitions[0] = partition(0, 1, 5, 1, 2, 3)
	answers = []answer{old, now("b2"), now("b3")}
	rank(answers)
	if s := d.merge(answers); len(s.Nodes) != 2 {
		t.Errorf("two of three nodes say that b1 is fenced, and the nodes are %v", s.Nodes)
	}
}

func TestController(t *testing.T) {
	d := &driver{names: map[int32]string{1: "b1", 2: "b2", 3: "b3"}}
	quorum := func(leader, epoch int32) *kmsg.DescribeQuorumResponseTopicPartition {
		q := kmsg.NewDescribeQuorumResponseTopicPartition()
		q.LeaderID, q.LeaderEpoch = leader, epoch
		return &q
	}
	a, b := story("b1", []int32{1, 2, 3}), story("b2", []int32{1, 2, 3})
	a.metadata.ControllerID = 3
	if got := d.controller([]answer{a, b}); got != "b3" {
		t.Errorf("where there is no quorum, the controller is %q", got)
	}
	a.quorum, b.quorum = quorum(1, 4), quorum(2, 5)
	if got := d.controller([]answer{a, b}); got != "b2" {
		t.Errorf("the newest epoch's leader is b2, and the controller is %q", got)
	}
	a.quorum, b.quorum = nil, nil
	if got := d.controller([]answer{a, b}); got != "" {
		t.Errorf("nobody knows the quorum's leader now, and the controller is %q", got)
	}
}

func TestProbeOfAnotherKind(t *testing.T) {
	tl := newTally(9, 2, nil)
	tl.Compress(nil, []byte("not a batch"))
	if tl.absent(0, 0) || tl.absent(1, 0) {
		t.Error("a batch that cannot be read may be of any partition")
	}
	if tl.absent(5, 0) {
		t.Error("nothing is known of a partition that the topic was not said to have")
	}
}
