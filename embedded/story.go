package embedded

import (
	"maps"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What kfake tells of itself knows neither dead nodes nor replicas; here the cluster tells its own story, with kfake's leaders in it.

var rack = "" // kfake's brokers have one, and ours stand nowhere in particular

// tellMetadata answers a request for metadata, in kfake's place.
func (c *Cluster) tellMetadata(r kmsg.Request) (kmsg.Response, error, bool) {
	c.fake.KeepControl()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, false
	}
	req := r.(*kmsg.MetadataRequest)
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	resp.ClusterID = &c.id
	resp.ControllerID = c.controller()
	for _, n := range c.nodes {
		if !n.fenced {
			b := kmsg.NewMetadataResponseBroker()
			b.NodeID, b.Host, b.Port, b.Rack = n.id, "127.0.0.1", int32(n.port()), &rack
			resp.Brokers = append(resp.Brokers, b)
		}
	}
	if req.Topics == nil {
		for t := range c.topics {
			resp.Topics = append(resp.Topics, c.tellTopic(t, [16]byte{}))
		}
	}
	for _, t := range req.Topics {
		name := ""
		if t.Topic != nil {
			name = *t.Topic
		}
		resp.Topics = append(resp.Topics, c.tellTopic(name, t.TopicID))
	}
	return resp, nil, true
}

// controller is kfake's own, the last node, as long as it lives.
func (c *Cluster) controller() int32 {
	for _, n := range slices.Backward(c.nodes) {
		if !n.fenced {
			return n.id
		}
	}
	return -1
}

func (c *Cluster) tellTopic(name string, id [16]byte) kmsg.MetadataResponseTopic {
	t := kmsg.NewMetadataResponseTopic()
	t.Topic, t.TopicID = kmsg.StringPtr(name), id
	info := c.fake.TopicInfo(name)
	t.ErrorCode = kerr.UnknownTopicOrPartition.Code
	if id != ([16]byte{}) {
		info = c.fake.TopicIDInfo(id)
		t.ErrorCode = kerr.UnknownTopicID.Code
	}
	if info == nil {
		return t
	}
	t.Topic, t.TopicID, t.ErrorCode = &info.Topic, info.TopicID, 0
	c.spread(info.Topic)
	for _, p := range c.fake.PartitionInfos(info.Topic) {
		tp := kmsg.NewMetadataResponseTopicPartition()
		tp.Partition, tp.Leader, tp.LeaderEpoch = p.Partition, p.Leader, p.Epoch
		tp.Replicas = c.replicas(p.Partition, info.NumReplicas)
		tp.ISR = c.inSync(tp.Replicas)
		if c.nodes[p.Leader].fenced { // nobody is left to lead
			tp.Leader, tp.ErrorCode = -1, kerr.LeaderNotAvailable.Code
			tp.ISR = []int32{p.Leader}
		}
		t.Partitions = append(t.Partitions, tp)
	}
	return t
}

// replicas go round the nodes, and the first is the preferred leader.
func (c *Cluster) replicas(partition int32, n int) []int32 {
	all := make([]int32, min(n, len(c.nodes)))
	for i := range all {
		all[i] = (partition + int32(i)) % int32(len(c.nodes))
	}
	return all
}

func (c *Cluster) inSync(replicas []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(replicas), func(id int32) bool { return !c.nodes[id].inSync })
}

// spread gives each partition of a new topic its preferred leader: kfake draws them by lot.
func (c *Cluster) spread(topic string) {
	if c.topics[topic] {
		return
	}
	c.topics[topic] = true
	c.electTopic(topic, true)
	c.refuse()
}

// elect moves the partitions and groups whose node is fenced to nodes that live.
func (c *Cluster) elect() {
	for t := range c.topics {
		c.electTopic(t, false)
	}
	c.place()
	c.refuse()
}

func (c *Cluster) electTopic(topic string, preferred bool) {
	info := c.fake.TopicInfo(topic)
	if info == nil {
		return
	}
	for _, p := range c.fake.PartitionInfos(topic) {
		if !c.nodes[p.Leader].fenced && !preferred {
			continue
		}
		for _, id := range c.replicas(p.Partition, info.NumReplicas) {
			if c.nodes[id].fenced {
				continue
			}
			if id != p.Leader {
				_ = c.fake.MoveTopicPartition(topic, p.Partition, id) // it fails only for what is not there, and it is
			}
			break
		}
	}
}

// refuse has kfake refuse what real brokers would: acks=all where fewer replicas are in sync than the topic wants.
func (c *Cluster) refuse() {
	var faults []kfake.Fault
	for t := range c.topics {
		info := c.fake.TopicInfo(t)
		if info == nil {
			continue
		}
		var short []int32
		for _, p := range c.fake.PartitionInfos(t) {
			if len(c.inSync(c.replicas(p.Partition, info.NumReplicas))) < c.minInSync(info) {
				short = append(short, p.Partition)
			}
		}
		if len(short) > 0 {
			faults = append(faults, kfake.Fault{
				Keys: []kmsg.Key{kmsg.Produce}, Topic: t, Partitions: short, Err: kerr.NotEnoughReplicas, Count: -1,
				When: func(r kmsg.Request) bool { return r.(*kmsg.ProduceRequest).Acks == -1 },
			})
		}
	}
	before := c.refusing
	if c.refusing = nil; len(faults) > 0 {
		c.refusing = c.fake.Fault(faults...)
	}
	if before != nil {
		before.Remove()
	}
}

func (c *Cluster) minInSync(t *kfake.TopicInfo) int {
	const name = "min.insync.replicas"
	v := c.config[name]
	if own := t.Configs[name]; own != nil {
		v = *own
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 1
	}
	return n
}

// placeGroups sees to it that kfake finds a coordinator that lives, before kfake answers.
func (c *Cluster) placeGroups(r kmsg.Request) (kmsg.Response, error, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, false
	}
	req := r.(*kmsg.FindCoordinatorRequest)
	for _, g := range append(slices.Clone(req.CoordinatorKeys), req.CoordinatorKey) {
		if g != "" {
			c.groups[g] = true
		}
	}
	c.place()
	return nil, nil, false
}

// place draws new coordinators, which kfake does for all groups at once, until every group's lives.
func (c *Cluster) place() {
	if c.controller() < 0 {
		return
	}
	dead := func(group string) bool {
		id := c.fake.CoordinatorFor(group)
		return id < 0 || c.nodes[id].fenced
	}
	for range 1000 {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(c.groups)), dead) {
			return
		}
		c.fake.RehashCoordinators()
	}
}
