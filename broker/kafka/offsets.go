package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

// Kafka's words for the two ends of a log.
const (
	latest   int64 = -1
	earliest int64 = -2
)

// settleWithin is how long a leader may take to find out that it is one.
const settleWithin = 2 * time.Second

// Ends implements broker.Ends. The end is the high watermark: what lies above it can be read by nobody.
func (d *driver) Ends(ctx context.Context, topic string) (map[int32]broker.Range, error) {
	starts, err := d.offsets(ctx, topic, earliest)
	if err != nil {
		return nil, fmt.Errorf("where %s begins: %w", topic, err)
	}
	ends, err := d.offsets(ctx, topic, latest)
	if err != nil {
		return nil, fmt.Errorf("where %s ends: %w", topic, err)
	}
	stretches := make(map[int32]broker.Range, len(ends))
	for p, end := range ends {
		stretches[p] = broker.Range{Start: starts[p], End: end}
	}
	return stretches, nil
}

// offsets asks each partition's newest leader, in its epoch: a leader of before that does not know yet would tell an old end, and refuses.
func (d *driver) offsets(ctx context.Context, topic string, which int64) (map[int32]int64, error) {
	d.know(topic)
	patience, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	for {
		found, err := d.offsetsOnce(ctx, topic, which)
		if err == nil || errors.Is(err, broker.ErrNoTopic) {
			return found, err
		}
		select {
		case <-patience.Done():
			return nil, err
		case <-time.After(observe.PollEvery):
		}
	}
}

func (d *driver) offsetsOnce(ctx context.Context, topic string, which int64) (map[int32]int64, error) {
	s, err := d.State(ctx)
	if err != nil {
		return nil, err
	}
	led := map[string][]broker.PartitionState{}
	for _, p := range s.Partitions {
		if p.Topic != topic {
			continue
		}
		if p.Leader == "" {
			return nil, fmt.Errorf("partition %d: %w", p.Partition, kerr.LeaderNotAvailable)
		}
		led[p.Leader] = append(led[p.Leader], p)
	}
	if len(led) == 0 {
		return nil, d.absent(ctx, topic)
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		found = map[int32]int64{}
		errs  []error
	)
	for node, partitions := range led {
		all.Go(func() {
			its, err := d.listOffsets(ctx, node, topic, partitions, which)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", node, err))
			}
			for p, offset := range its {
				found[p] = offset
			}
		})
	}
	all.Wait()
	return found, errors.Join(errs...)
}

// absent says why nobody leads a topic: ErrNoTopic where every node knows of every other and none of the topic, which is not what a node says that has
// just started.
func (d *driver) absent(ctx context.Context, topic string) error {
	stories, err := d.ask(ctx)
	if err != nil {
		return err
	}
	nodes := len(d.cluster.Nodes())
	if len(stories) < nodes {
		return kerr.UnknownTopicOrPartition
	}
	for _, s := range stories {
		unknown := slices.ContainsFunc(s.metadata.Topics, func(t kmsg.MetadataResponseTopic) bool {
			return t.Topic != nil && *t.Topic == topic && t.ErrorCode == kerr.UnknownTopicOrPartition.Code
		})
		if !unknown || len(s.metadata.Brokers) < nodes || s.metadata.ControllerID < 0 {
			return kerr.UnknownTopicOrPartition
		}
	}
	return broker.ErrNoTopic
}

func (d *driver) listOffsets(ctx context.Context, node, topic string, of []broker.PartitionState, which int64) (map[int32]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, observe.AnswerWithin)
	defer cancel()
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic = topic
	for _, p := range of {
		rp := kmsg.NewListOffsetsRequestTopicPartition()
		rp.Partition, rp.CurrentLeaderEpoch, rp.Timestamp = p.Partition, p.Epoch, which
		rt.Partitions = append(rt.Partitions, rp)
	}
	req.Topics = append(req.Topics, rt)
	i := slices.IndexFunc(d.cluster.Nodes(), func(n broker.Node) bool { return n.Name() == node })
	if i < 0 {
		return nil, errors.New("is no node of this cluster")
	}
	resp, err := d.eyes.SeedBrokers()[i].Request(ctx, req)
	if err != nil {
		return nil, err
	}
	found := map[int32]int64{}
	for _, t := range resp.(*kmsg.ListOffsetsResponse).Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("partition %d: %w", p.Partition, err)
			}
			found[p.Partition] = p.Offset
		}
	}
	if len(found) != len(of) {
		return nil, errors.New("told only some of its partitions")
	}
	return found, nil
}

// Committed implements broker.Committed.
func (d *driver) Committed(ctx context.Context, group, topic string) (map[int32]int64, error) {
	d.knowGroup(group)
	all, err := kadm.NewClient(d.eyes).FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("what group %s committed: %w", group, err)
	}
	found := map[int32]int64{}
	for p, o := range all[topic] {
		if o.Err != nil {
			return nil, fmt.Errorf("what group %s committed: partition %d: %w", group, p, o.Err)
		}
		if o.At >= 0 {
			found[p] = o.At
		}
	}
	return found, nil
}

// Versions implements broker.Versions. Kafka's protocol does not tell a broker's version: what comes back is the newest release whose requests it
// knows, and the level of the cluster's metadata.
func (d *driver) Versions(ctx context.Context) (map[string]string, error) {
	found := map[string]string{}
	var errs []error
	for i, n := range d.cluster.Nodes() {
		v, err := d.version(ctx, i)
		if err != nil {
			errs = append(errs, fmt.Errorf("version of %s: %w", n.Name(), err))
			continue
		}
		found[n.Name()] = v
	}
	if len(found) == 0 {
		return nil, errors.Join(errs...)
	}
	return found, nil
}

func (d *driver) version(ctx context.Context, node int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, observe.AnswerWithin)
	defer cancel()
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "squall", "0"
	resp, err := d.eyes.SeedBrokers()[node].Request(ctx, req)
	if err != nil {
		return "", err
	}
	told := resp.(*kmsg.ApiVersionsResponse)
	if err := kerr.ErrorForCode(told.ErrorCode); err != nil {
		return "", err
	}
	guess := kversion.FromApiVersionsResponse(told).VersionGuess()
	for _, f := range told.FinalizedFeatures {
		if f.Name == "metadata.version" {
			return fmt.Sprintf("%s, metadata.version level %d", strings.TrimSpace(guess), f.MaxVersionLevel), nil
		}
	}
	return guess, nil
}
