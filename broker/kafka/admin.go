package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/observe"
)

var (
	_ broker.Elector    = (*driver)(nil)
	_ broker.Configurer = (*driver)(nil)
)

// Elect implements broker.Elector.
func (d *driver) Elect(ctx context.Context, topic string, partitions []int32, unclean bool) ([]int32, error) {
	how := kadm.ElectPreferredReplica
	if unclean {
		how = kadm.ElectLiveReplica
	}
	var which kadm.TopicsSet
	which.Add(topic, partitions...)
	results, err := kadm.NewClient(d.eyes).ElectLeaders(ctx, how, which)
	if err != nil {
		d.eyes.ForceMetadataRefresh() // whom it was sent to may be dead: who asks again is to ask another
		return nil, fmt.Errorf("elect leaders of %s: %w", topic, err)
	}
	var elected []int32
	var errs []error
	for p, r := range results[topic] {
		switch {
		case r.Err == nil:
			elected = append(elected, p)
		case !errors.Is(r.Err, kerr.ElectionNotNeeded):
			errs = append(errs, fmt.Errorf("elect a leader of %s/%d: %w", topic, p, tell(r.Err, &r.ErrMessage)))
		}
	}
	slices.Sort(elected)
	return elected, errors.Join(errs...)
}

// SetSetting implements broker.Configurer.
func (d *driver) SetSetting(ctx context.Context, topic, name string, value *string) error {
	change := kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: value}
	if value == nil {
		change.Op = kadm.DeleteConfig
	}
	var told kadm.AlterConfigsResponses
	var err error
	if admin := kadm.NewClient(d.eyes); topic != "" {
		told, err = admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{change}, topic)
	} else {
		told, err = admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{change})
	}
	for _, r := range told {
		if r.Err != nil {
			err = errors.Join(err, tell(r.Err, &r.ErrMessage))
		}
	}
	if err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}

// Setting implements broker.Configurer.
func (d *driver) Setting(ctx context.Context, topic, name string) (broker.Setting, error) {
	s := broker.Setting{InForce: map[string]string{}}
	var errs []error
	for i, n := range d.cluster.Nodes() {
		c, err := config(ctx, d.eyes.SeedBrokers()[i], topic, n.ID(), name)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", n.Name(), err))
			continue
		}
		s.InForce[n.Name()] = *c.Value
		s.Own = own(c, topic)
	}
	if len(s.InForce) == 0 {
		return s, fmt.Errorf("ask for %s: %w", name, errors.Join(errs...))
	}
	return s, nil
}

// own returns what was set on the topic itself, or on all brokers; nil: nothing was.
func own(c kmsg.DescribeConfigsResponseResourceConfig, topic string) *string {
	level := kmsg.ConfigSourceDynamicTopicConfig
	if topic == "" {
		level = kmsg.ConfigSourceDynamicDefaultBrokerConfig
	}
	if c.Source == level {
		return c.Value
	}
	for _, s := range c.ConfigSynonyms { // what stands behind a broker's own value
		if s.Source == level {
			return s.Value
		}
	}
	return nil
}

// config asks one node for one setting that is no secret.
func config(ctx context.Context, node *kgo.Broker, topic, id, name string) (found kmsg.DescribeConfigsResponseResourceConfig, _ error) {
	what, of := kmsg.ConfigResourceTypeBroker, id
	if topic != "" {
		what, of = kmsg.ConfigResourceTypeTopic, topic
	}
	told, err := describe(ctx, node, what, of, []string{name})
	if err != nil {
		return found, err
	}
	for _, c := range told {
		switch {
		case !strings.EqualFold(c.Name, name):
		case c.IsSensitive || c.Value == nil:
			return found, fmt.Errorf("the value of %s is not told", name)
		default:
			return c, nil
		}
	}
	return found, fmt.Errorf("there is no setting %s", name)
}

// describe asks one node for settings of a broker or a topic.
func describe(ctx context.Context, node *kgo.Broker, what kmsg.ConfigResourceType, of string, names []string) (all []kmsg.DescribeConfigsResponseResourceConfig, _ error) {
	ctx, cancel := context.WithTimeout(ctx, observe.AnswerWithin)
	defer cancel()
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.IncludeSynonyms = true
	r := kmsg.NewDescribeConfigsRequestResource()
	r.ResourceType, r.ResourceName, r.ConfigNames = what, of, names
	req.Resources = append(req.Resources, r)
	resp, err := node.Request(ctx, req)
	if err != nil {
		return nil, err
	}
	for _, told := range resp.(*kmsg.DescribeConfigsResponse).Resources {
		if err := kerr.ErrorForCode(told.ErrorCode); err != nil {
			return nil, tell(err, told.ErrorMessage)
		}
		all = append(all, told.Configs...)
	}
	return all, nil
}
