package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var alterConfigKind = Kind{
	Name:      "alter-config",
	About:     "changes a setting of the topic, or of all brokers, while they run; afterwards it is as it was, or no longer set",
	Target:    Nowhere,
	New:       func() Fault { return &AlterConfig{Of: ofTopic} },
	Survives:  anyTime,
	Affects:   everyPartition,
	LeavesUp:  true,
	Needs:     needsConfigurer,
	Elsewhere: OwnReach,
}

const (
	ofTopic   = "topic"
	ofBrokers = "brokers"
)

// AlterConfig changes one setting.
type AlterConfig struct {
	Of      string
	Setting string
	To      string
}

// Params are the setting, its value, and whose it is.
func (a *AlterConfig) Params() []Param {
	return []Param{
		{Name: "of", About: "whose setting: the topic's, or that which all brokers share", Value: &a.Of, OneOf: []string{ofTopic, ofBrokers}},
		{Name: "setting", About: "as the broker calls it", Value: &a.Setting},
		{Name: "to", About: "its value", Value: &a.To, Secret: report.IsSecret(a.Setting)},
	}
}

// Reach is the run's own topic, or all that brokers do.
func (a *AlterConfig) Reach() Reach {
	if a.Of == ofBrokers {
		return WideReach
	}
	return OwnReach
}

// Check wants a setting and a value.
func (a *AlterConfig) Check() error {
	if a.Setting == "" || a.To == "" {
		return errors.New("which setting, and what is it to be? write setting: NAME and to: VALUE")
	}
	return nil
}

// Needs wants the setting to be there and to be another, and brokers that can put it back.
func (a *AlterConfig) Needs(v Victims) error {
	if a.Of == ofBrokers && v.Cluster != nil && v.Cluster.Describe().Emulated != "" {
		return errors.New("an emulated broker does not tell what was set from what it began with, and could not put it back; write of: topic, or run: containers")
	}
	return a.change(v).needs()
}

// Inject returns when the value is in force on every node that answers.
func (a *AlterConfig) Inject(ctx context.Context, v Victims) (Revert, error) {
	return a.change(v).inject(ctx)
}

func (a *AlterConfig) change(v Victims) change {
	c := change{v: v, setting: a.Setting, to: a.To}
	if a.Of == ofTopic {
		c.topic = v.Topic
	}
	return c
}

// CheckWords tells of a setting whose name is nearly that of another, and of one that the kind of broker lets nobody change.
func (a *AlterConfig) CheckWords(k broker.Kind) error {
	if k.Changeable != nil {
		return a.changeable(k)
	}
	names := k.TopicSettings
	if a.Of == ofBrokers {
		names = k.BrokerSettings
	}
	if meant := report.Typo(a.Setting, names); meant != "" {
		return fmt.Errorf("there is no setting %s; did you mean %q?", a.Setting, meant)
	}
	return nil
}

// changeable wants a setting of the topic that can be changed, and a value that it can have.
func (a *AlterConfig) changeable(k broker.Kind) error {
	wrong, there := k.Changeable[a.Setting]
	switch {
	case a.Of == ofBrokers:
		return fmt.Errorf("a scenario changes no settings of %s's nodes while they run; write of: topic", k.Name)
	case !there:
		return fmt.Errorf("%s is nothing that can be changed while %s runs; there are %s", a.Setting, k.Name, strings.Join(slices.Sorted(maps.Keys(k.Changeable)), ", "))
	}
	if err := wrong(a.To); err != nil {
		return fmt.Errorf("%s %w", a.Setting, err)
	}
	return nil
}

func needsConfigurer(v Victims) error {
	if _, ok := v.Driver.(broker.Configurer); !ok {
		return errors.New("the settings of this kind of broker cannot be changed while it runs; set them in broker.config or topic.config")
	}
	return nil
}

// A change of one setting; an empty topic: of all brokers.
type change struct {
	v                  Victims
	topic, setting, to string
}

func (c change) needs() error {
	driver, ok := c.v.Driver.(broker.Configurer)
	if !ok {
		return nil // told by the kind
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	s, err := driver.Setting(ctx, c.topic, c.setting)
	if err != nil {
		return err
	}
	return c.isNew(s)
}

// isNew wants some node to have another value.
func (c change) isNew(s broker.Setting) error {
	if c.differs(s, c.to) == nil {
		return fmt.Errorf("%s is %s already, so nothing would change; write another value", c.setting, c.told(c.to))
	}
	return nil
}

// differs says which node has another value in force; nil: none.
func (c change) differs(s broker.Setting, want string) error {
	for node, value := range s.InForce {
		if value != want {
			return fmt.Errorf("%s is %s on %s, not %s", c.setting, c.told(value), node, c.told(want))
		}
	}
	return nil
}

func (c change) inject(ctx context.Context) (Revert, error) {
	driver := c.v.Driver.(broker.Configurer)
	before, err := driver.Setting(ctx, c.topic, c.setting)
	if err == nil {
		err = c.isNew(before)
	}
	if err != nil {
		return nothing, err
	}
	back := func(ctx context.Context) error {
		now, err := driver.Setting(ctx, c.topic, c.setting)
		if err != nil {
			return err
		}
		if text := orNotSet(now.Own); text != c.to && text != orNotSet(before.Own) { // another fault's, which puts ours back when it ends
			return fmt.Errorf("%s has been set to %s meanwhile", c.setting, c.told(text))
		}
		if err := driver.SetSetting(ctx, c.topic, c.setting, before.Own); err != nil {
			return err
		}
		return shown(ctx, func(ctx context.Context) error {
			s, err := driver.Setting(ctx, c.topic, c.setting)
			if err != nil {
				return err
			}
			for node, value := range s.InForce {
				if was, ok := before.InForce[node]; ok && was != value {
					return fmt.Errorf("%s is still %s on %s; it was %s", c.setting, c.told(value), node, c.told(was))
				}
			}
			c.v.Witness.Note("%s is as it was: %s", c.setting, c.told(orNotSet(s.Own)))
			return nil
		})
	}
	if err := driver.SetSetting(ctx, c.topic, c.setting, &c.to); err != nil {
		return back, err // an answer that was lost: it may have been set
	}
	return back, shown(ctx, func(ctx context.Context) error {
		s, err := driver.Setting(ctx, c.topic, c.setting)
		if err == nil {
			err = c.differs(s, c.to)
		}
		if err != nil {
			return err
		}
		c.v.Witness.Effective(time.Now())
		c.v.Witness.Note("%s is %s in force on %d nodes; set before: %s", c.setting, c.told(c.to), len(s.InForce), c.told(orNotSet(before.Own)))
		return nil
	})
}

// told is a value of the setting as it may be told.
func (c change) told(value string) string {
	if report.IsSecret(c.setting) && value != orNotSet(nil) {
		return report.Stars
	}
	return value
}

func orNotSet(value *string) string {
	if value == nil {
		return "not set"
	}
	return *value
}
