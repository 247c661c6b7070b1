package kafka

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

// A question is asked of one node on the observer's path.
type question = observe.Question[answer]

// An answer is a part of one node's story, or the whole of it.
type answer struct {
	node         string
	metadata     *kmsg.MetadataResponse
	quorum       *kmsg.DescribeQuorumResponseTopicPartition
	coordinators map[string]int32
}

// questionsTo are for two clients with connections of their own: a broker that is asked for the quorum asks the controller, and answers nothing else on
// that connection until it has heard from it.
func (d *driver) questionsTo(node string, eye, ear *kgo.Broker) []*question {
	return []*question{
		{Node: node, Ask: func(ctx context.Context) (answer, error) {
			topics, _ := d.known()
			m, err := metadata(ctx, eye, topics)
			return answer{node: node, metadata: m}, err
		}},
		{Node: node, Ask: func(ctx context.Context) (answer, error) { return answer{node: node, quorum: quorum(ctx, ear)}, nil }},
		{Node: node, Ask: func(ctx context.Context) (answer, error) {
			_, groups := d.known()
			return answer{node: node, coordinators: coordinators(ctx, eye, groups)}, nil
		}},
	}
}

// State implements broker.Driver.
func (d *driver) State(ctx context.Context) (broker.State, error) {
	stories, err := d.ask(ctx)
	if err != nil {
		return broker.State{}, err
	}
	return d.merge(stories), nil
}

// ask returns the stories of the nodes that answered, the newest first; an error when there is none.
func (d *driver) ask(ctx context.Context) ([]answer, error) {
	parts, err := observe.Round(ctx, d.life, &d.behind, d.questions, func(a answer) bool { return a.metadata != nil })
	nodes := map[string]*answer{}
	for _, a := range parts {
		add(nodes, a)
	}
	var stories []answer
	for _, a := range nodes {
		if a.metadata != nil {
			stories = append(stories, *a)
		}
	}
	if len(stories) == 0 {
		return nil, fmt.Errorf("no node answers: %w", err)
	}
	rank(stories)
	return stories, nil
}

func add(nodes map[string]*answer, a answer) {
	whole := nodes[a.node]
	if whole == nil {
		whole = &answer{node: a.node}
		nodes[a.node] = whole
	}
	if a.metadata != nil {
		whole.metadata = a.metadata
	}
	if a.quorum != nil {
		whole.quorum = a.quorum
	}
	if a.coordinators != nil {
		whole.coordinators = a.coordinators
	}
}

// metadata asks the node itself: a client's own metadata is a story of any node, and cached.
func metadata(ctx context.Context, node *kgo.Broker, topics []string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	for _, t := range topics {
		rt := kmsg.NewMetadataRequestTopic()
		rt.Topic = kmsg.StringPtr(t)
		req.Topics = append(req.Topics, rt)
	}
	resp, err := node.Request(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp.(*kmsg.MetadataResponse), nil
}

// quorum asks who leads the cluster's metadata; nil: the node could not tell. The controller in a broker's metadata is no answer: without ZooKeeper it
// is any broker.
func quorum(ctx context.Context, node *kgo.Broker) *kmsg.DescribeQuorumResponseTopicPartition {
	req := kmsg.NewPtrDescribeQuorumRequest()
	rt := kmsg.NewDescribeQuorumRequestTopic()
	rt.Topic = "__cluster_metadata"
	rt.Partitions = []kmsg.DescribeQuorumRequestTopicPartition{kmsg.NewDescribeQuorumRequestTopicPartition()}
	req.Topics = []kmsg.DescribeQuorumRequestTopic{rt}
	resp, err := node.Request(ctx, req)
	if err != nil {
		return nil
	}
	q := resp.(*kmsg.DescribeQuorumResponse)
	if q.ErrorCode != 0 || len(q.Topics) != 1 || len(q.Topics[0].Partitions) != 1 || q.Topics[0].Partitions[0].ErrorCode != 0 {
		return nil
	}
	return &q.Topics[0].Partitions[0]
}

func coordinators(ctx context.Context, node *kgo.Broker, groups []string) map[string]int32 {
	if len(groups) == 0 {
		return nil
	}
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.CoordinatorKeys = groups
	resp, err := node.Request(ctx, req)
	if err != nil {
		return nil
	}
	found := map[string]int32{}
	for _, c := range resp.(*kmsg.FindCoordinatorResponse).Coordinators {
		if c.ErrorCode == 0 {
			found[c.Key] = c.NodeID
		}
	}
	return found
}

// epochs is how new a story is: every change of a leader raises it.
func (a *answer) epochs() (sum int64) {
	for _, t := range a.metadata.Topics {
		for _, p := range t.Partitions {
			sum += int64(p.LeaderEpoch)
		}
	}
	return sum
}

func (a *answer) brokers() []int32 {
	ids := make([]int32, len(a.metadata.Brokers))
	for i, b := range a.metadata.Brokers {
		ids[i] = b.NodeID
	}
	slices.Sort(ids)
	return ids
}

// rank puts the newest story first: the one with the highest leader epochs; among those the one that most nodes tell, for a node that is cut off from
// its controller tells an old one.
func rank(answers []answer) {
	votes := func(a *answer) (n int) {
		mine := a.brokers()
		for i := range answers {
			if slices.Equal(mine, answers[i].brokers()) {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(answers, func(a, b answer) int {
		return cmp.Or(cmp.Compare(b.epochs(), a.epochs()), cmp.Compare(votes(&b), votes(&a)), cmp.Compare(a.node, b.node))
	})
}

func (d *driver) merge(answers []answer) broker.State {
	s := broker.State{Controller: d.controller(answers), Coordinators: map[string]string{}}
	for _, id := range answers[0].brokers() {
		s.Nodes = append(s.Nodes, d.nodeName(id))
	}
	slices.Sort(s.Nodes)
	for _, a := range slices.Backward(answers) {
		for group, id := range a.coordinators {
			s.Coordinators[group] = d.nodeName(id)
		}
		for _, t := range a.metadata.Topics {
			d.mergeTopic(&s, t)
		}
	}
	slices.SortFunc(s.Partitions, func(a, b broker.PartitionState) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return s
}

// mergeTopic is called with the newest story last, which wins among those of one leader epoch.
func (d *driver) mergeTopic(s *broker.State, t kmsg.MetadataResponseTopic) {
	if t.Topic == nil || t.ErrorCode != 0 && !kerr.IsRetriable(kerr.ErrorForCode(t.ErrorCode)) {
		return
	}
	for _, p := range t.Partitions {
		st := broker.PartitionState{
			Topic: *t.Topic, Partition: p.Partition, Epoch: p.LeaderEpoch,
			Replicas: d.nodeNames(p.Replicas), InSync: slices.Sorted(slices.Values(d.nodeNames(p.ISR))),
		}
		if p.Leader >= 0 {
			st.Leader = d.nodeName(p.Leader)
		}
		i := slices.IndexFunc(s.Partitions, func(old broker.PartitionState) bool { return old.Topic == st.Topic && old.Partition == st.Partition })
		switch {
		case i < 0:
			s.Partitions = append(s.Partitions, st)
		case st.Epoch >= s.Partitions[i].Epoch:
			s.Partitions[i] = st
		}
	}
}

func (d *driver) nodeNames(ids []int32) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = d.nodeName(id)
	}
	return names
}

// controller is the quorum's leader in the newest epoch that a node tells. Brokers of which none ever told are taken at the word of their metadata.
func (d *driver) controller(answers []answer) string {
	var newest *kmsg.DescribeQuorumResponseTopicPartition
	for _, a := range answers {
		if a.quorum != nil && (newest == nil || a.quorum.LeaderEpoch > newest.LeaderEpoch) {
			newest = a.quorum
		}
	}
	id := answers[0].metadata.ControllerID
	if newest != nil {
		d.hasQuorum.Store(true)
		id = newest.LeaderID
	} else if d.hasQuorum.Load() {
		return "" // nobody tells just now
	}
	if id < 0 {
		return ""
	}
	return d.nodeName(id)
}
