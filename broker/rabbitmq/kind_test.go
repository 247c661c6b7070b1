package rabbitmq_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/broker/rabbitmq"
)

// settings are some that nothing is wrong with.
func settings() broker.Settings {
	return broker.Settings{Nodes: 3, Topic: broker.Topic{Name: "orders", Partitions: 6, Replicas: 3, Config: map[string]string{}},
		Producer: broker.ProducerSettings{Acks: "all"}, Consumer: broker.ConsumerSettings{Group: "billing", Commit: broker.CommitAfter}, Config: map[string]string{}}
}

func TestCheck(t *testing.T) {
	topic := func(name, value string) func(*broker.Settings) {
		return func(s *broker.Settings) { s.Topic.Config[name] = value }
	}
	node := func(name, value string) func(*broker.Settings) {
		return func(s *broker.Settings) { s.Config[name] = value }
	}
	classic := func(more func(*broker.Settings)) func(*broker.Settings) {
		return func(s *broker.Settings) {
			s.Topic.Replicas, s.Topic.Config["queue-type"] = 1, "classic"
			more(s)
		}
	}
	streamed := func(more func(*broker.Settings)) func(*broker.Settings) {
		return func(s *broker.Settings) {
			s.Topic.Config["queue-type"], s.Consumer.Group = "stream", ""
			more(s)
		}
	}
	for name, c := range map[string]struct {
		change func(*broker.Settings)
		field  string // empty: nothing is wrong
		says   string
	}{
		"as it is":          {func(*broker.Settings) {}, "", ""},
		"delivery limit":    {topic("x-delivery-limit", "-1"), "", ""},
		"transient classic": {classic(topic("persistent", "false")), "", ""},
		"dead letters":      {topic("x-dead-letter-exchange", "poison"), "", ""},
		"default exchange": {func(s *broker.Settings) {
			s.Topic.Config["x-dead-letter-exchange"], s.Topic.Config["x-dead-letter-routing-key"] = "", "orders.dead"
		}, "", ""},
		"dead letters into the topic": {func(s *broker.Settings) {
			s.Topic.Config["x-dead-letter-exchange"], s.Topic.Config["x-dead-letter-routing-key"] = "", "orders.5"
		}, "topic.config[x-dead-letter-routing-key]", "one of the topic's own queues"},
		"default exchange without a key": {topic("x-dead-letter-exchange", ""), "topic.config[x-dead-letter-exchange]", "as in orders.dead"},
		"the broker's exchange":          {topic("x-dead-letter-exchange", "amq.fanout"), "topic.config[x-dead-letter-exchange]", "the broker's own"},
		"a key for nothing":              {topic("x-dead-letter-routing-key", "dead"), "topic.config[x-dead-letter-routing-key]", "without x-dead-letter-exchange"},
		"a strategy for nothing":         {topic("x-dead-letter-strategy", "at-least-once"), "topic.config[x-dead-letter-strategy]", "without x-dead-letter-exchange"},
		"a strategy that is not taken": {func(s *broker.Settings) {
			s.Topic.Config["x-dead-letter-exchange"], s.Topic.Config["x-dead-letter-strategy"] = "poison", "at-least-once"
		}, "topic.config[x-dead-letter-strategy]", "x-overflow: reject-publish"},
		"not mandatory":       {topic("mandatory", "false"), "", ""},
		"limited":             {topic("x-max-length", "1000"), "", ""},
		"heartbeat":           {node("heartbeat", "5"), "", ""},
		"name":                {func(s *broker.Settings) { s.Topic.Name = `a"b` }, "topic.name", "no name of queues"},
		"reserved":            {func(s *broker.Settings) { s.Topic.Name = "amq.x" }, "topic.name", "amq."},
		"too many replicas":   {func(s *broker.Settings) { s.Topic.Replicas = 5 }, "topic.replicas", "there are 3"},
		"replicas of classic": {topic("queue-type", "classic"), "topic.replicas", "replicas: 1"},
		"acks 1":              {func(s *broker.Settings) { s.Producer.Acks = "1" }, "load.producers.acks", "majority"},
		"acks 0":              {func(s *broker.Settings) { s.Producer.Acks = "0" }, "load.producers.acks", "without confirms"},
		"transactions": {func(s *broker.Settings) {
			s.Producer.Transactions.Messages, s.Consumer.Isolation = 3, broker.ReadCommitted
		}, "load.producers.transactions", "leave them out"},
		"no group":            {func(s *broker.Settings) { s.Consumer.Group = "" }, "load.consumers.group", "name a group"},
		"never acknowledged":  {func(s *broker.Settings) { s.Consumer.Commit = broker.CommitNever }, "load.consumers.commit", "256"},
		"session":             {func(s *broker.Settings) { s.Consumer.SessionTimeout = 1500 * time.Millisecond }, "load.consumers.session-timeout", "whole seconds"},
		"another kind's":      {topic("min.insync.replicas", "2"), "topic.config[min.insync.replicas]", "majority"},
		"a slip":              {topic("x-delivery-limits", "5"), "topic.config[x-delivery-limits]", "did you mean x-delivery-limit?"},
		"no such thing":       {topic("colour", "red"), "topic.config[colour]", "there are mandatory, persistent, queue-type"},
		"no number":           {topic("x-max-length", "many"), "topic.config[x-max-length]", "whole number"},
		"streams":             {streamed(func(*broker.Settings) {}), "", ""},
		"a stream's locator":  {streamed(topic("x-queue-leader-locator", "client-local")), "", ""},
		"a stream's group":    {streamed(func(s *broker.Settings) { s.Consumer.Group = "billing" }), "load.consumers.group", `write group: ""`},
		"a stream's age":      {streamed(topic("x-max-age", "1h")), "topic.config[x-max-age]", "could not be told from what is lost"},
		"a stream's length":   {streamed(topic("x-max-length-bytes", "1000000")), "topic.config[x-max-length-bytes]", "could not be told from what is lost"},
		"a stream's limit":    {streamed(topic("x-delivery-limit", "5")), "topic.config[x-delivery-limit]", "a stream has no"},
		"a transient stream":  {streamed(topic("persistent", "true")), "topic.config[persistent]", "a stream has no"},
		"a stream's sharing":  {streamed(topic("x-single-active-consumer", "true")), "topic.config[x-single-active-consumer]", "a stream has no"},
		"a stream's replicas": {streamed(func(s *broker.Settings) { s.Topic.Replicas = 4 }), "topic.replicas", "there are 3"},
		"no such type":        {topic("queue-type", "log"), "topic.config[queue-type]", "quorum or classic or stream"},
		"transient quorum":    {topic("persistent", "false"), "topic.config[persistent]", "queue-type: classic"},
		"classic limit":       {classic(topic("x-delivery-limit", "5")), "topic.config[x-delivery-limit]", "classic"},
		"no limit above none": {topic("x-delivery-limit", "-5"), "topic.config[x-delivery-limit]", "a whole number from -1 on"},
		"a negative length":   {topic("x-max-length", "-1"), "topic.config[x-max-length]", "a whole number from 0 on"},
		"a negative tick":     {node("net_ticktime", "-5"), "broker.config[net_ticktime]", "a whole number from 1 on"},
		"no heartbeat":        {node("heartbeat", "0"), "", ""},
		"a negative beat":     {node("heartbeat", "-1"), "broker.config[heartbeat]", "from 0 to 65535"},
		"a small frame":       {node("frame_max", "10"), "broker.config[frame_max]", "from 4096"},
		"a size":              {node("vm_memory_high_watermark.absolute", "512MiB"), "", ""},
		"no size":             {node("vm_memory_high_watermark.absolute", "lots"), "broker.config[vm_memory_high_watermark.absolute]", "as in 512MiB"},
		"a share":             {node("vm_memory_high_watermark.relative", "0.4"), "", ""},
		"too large a share":   {node("vm_memory_high_watermark.relative", "5"), "broker.config[vm_memory_high_watermark.relative]", "up to 1"},
		"twice the memory":    {node("disk_free_limit.relative", "2.0"), "", ""},
		"a block left out":    {node("disk_free_limit", "2GB"), "broker.config[disk_free_limit]", "did you mean disk_free_limit.absolute?"},
		"committed":           {func(s *broker.Settings) { s.Consumer.Isolation = broker.ReadCommitted }, "load.consumers.isolation", "no transactions"},
		"the testbed's":       {node("listeners.tcp.default", "5672"), "broker.config[listeners.tcp.default]", "no setting"},
		"a node's slip":       {node("net_tick_time", "5"), "broker.config[net_tick_time]", "did you mean net_ticktime?"},
		"partition handling":  {node("cluster_partition_handling", "hope"), "broker.config[cluster_partition_handling]", "pause_minority"},
	} {
		s := settings()
		c.change(&s)
		switch problems := rabbitmq.Kind.Check(s); {
		case c.field == "" && len(problems) > 0, c.field != "" && len(problems) != 1:
			t.Errorf("%s: %+v", name, problems)
		case c.field != "" && (problems[0].Field != c.field || !strings.Contains(problems[0].Message, c.says)):
			t.Errorf("%s: %+v, want %q of %s", name, problems, c.says, c.field)
		}
	}
}

func TestContract(t *testing.T) {
	for name, c := range map[string]struct {
		change           func(*broker.Settings)
		durable, ordered bool
		says             string
	}{
		"quorum":           {func(*broker.Settings) {}, true, true, "even of all at once"},
		"one replica":      {func(s *broker.Settings) { s.Topic.Replicas = 1 }, true, true, "the only node's disk"},
		"drops the oldest": {func(s *broker.Settings) { s.Topic.Config["x-max-length"] = "10" }, false, true, "drops the oldest"},
		"refuses new ones": {func(s *broker.Settings) {
			s.Topic.Config["x-max-length"], s.Topic.Config["x-overflow"] = "10", "reject-publish"
		}, true, true, "even of all at once"},
		"expires":        {func(s *broker.Settings) { s.Topic.Config["x-message-ttl"] = "10" }, false, true, "in time"},
		"nobody is told": {func(s *broker.Settings) { s.Topic.Config["mandatory"] = "false" }, false, true, "no queue"},
		"expires elsewhere": {func(s *broker.Settings) {
			s.Topic.Config["x-message-ttl"], s.Topic.Config["x-dead-letter-exchange"] = "10", "late"
		}, false, true, "cannot take it at once"},
		"expires elsewhere for sure": {func(s *broker.Settings) {
			s.Topic.Config["x-message-ttl"], s.Topic.Config["x-dead-letter-exchange"] = "10", "late"
			s.Topic.Config["x-dead-letter-strategy"], s.Topic.Config["x-overflow"] = "at-least-once", "reject-publish"
		}, true, true, "even of all at once"},
		"drops the oldest elsewhere": {func(s *broker.Settings) {
			s.Topic.Config["x-max-length"], s.Topic.Config["x-dead-letter-exchange"] = "10", "old"
		}, false, true, "dead letters"},
		"shared":  {func(s *broker.Settings) { s.Topic.Config["x-single-active-consumer"] = "false" }, true, false, "even of all at once"},
		"classic": {func(s *broker.Settings) { s.Topic.Config["queue-type"] = "classic" }, true, true, "while that node is down"},
		"transient classic": {func(s *broker.Settings) {
			s.Topic.Config["queue-type"], s.Topic.Config["persistent"] = "classic", "false"
		}, false, true, "in memory"},
	} {
		s := settings()
		c.change(&s)
		if got := rabbitmq.Kind.Contract(s); got.Durable != c.durable || got.Ordered != c.ordered || !strings.Contains(got.Survives, c.says) || got.Unique || !got.Redelivers {
			t.Errorf("%s: %+v", name, got)
		}
	}
	s := settings()
	if rabbitmq.Kind.Contract(s).SetsAside {
		t.Error("dead letters without an exchange for them")
	}
	if notes := strings.Join(rabbitmq.Kind.Contract(s).Notes, "\n"); !strings.Contains(notes, "more than 20, the broker's own limit, times") {
		t.Error(notes)
	}
	s.Topic.Config["x-delivery-limit"] = "-1"
	if notes := strings.Join(rabbitmq.Kind.Contract(s).Notes, "\n"); strings.Contains(notes, "dropped") {
		t.Error(notes)
	}
	s.Topic.Config["x-dead-letter-exchange"] = "poison"
	if c := rabbitmq.Kind.Contract(s); !c.SetsAside || !strings.Contains(strings.Join(c.Notes, "\n"), "goes to the queue orders.dead") {
		t.Errorf("%+v", c)
	}
	for how, says := range map[string]string{"pause_minority": "stop serving", "autoheal": "start anew", "ignore": "stay parted"} {
		s.Config["cluster_partition_handling"] = how
		if notes := strings.Join(rabbitmq.Kind.Contract(s).Notes, "\n"); !strings.Contains(notes, says) {
			t.Errorf("%s: %s", how, notes)
		}
	}
	s.Config["metadata-store"] = "khepri"
	if notes := strings.Join(rabbitmq.Kind.Contract(s).Notes, "\n"); !strings.Contains(notes, "Khepri") || strings.Contains(notes, "stay parted") {
		t.Error(notes)
	}
}

// A stream keeps its messages, and a consumer is told where they are.
func TestStreamContract(t *testing.T) {
	s := settings()
	s.Topic.Config["queue-type"], s.Consumer.Group = "stream", ""
	c := rabbitmq.Kind.Contract(s)
	if !c.Durable || !c.Ordered || !c.Unique || !strings.Contains(c.Survives, "even of all at once") || !strings.Contains(strings.Join(c.Notes, "\n"), "not flushed") ||
		!strings.Contains(strings.Join(c.Notes, "\n"), "net_ticktime (1m0s)") {
		t.Errorf("%+v", c)
	}
	if got := rabbitmq.Kind.OffsetsOf(s); got != broker.OffsetsDelivered {
		t.Errorf("offsets of a stream: %v", got)
	}
	if got := rabbitmq.Kind.OffsetsOf(settings()); got != broker.NoOffsets {
		t.Errorf("offsets of a queue: %v", got)
	}
	s.Topic.Replicas = 1
	if got := rabbitmq.Kind.Contract(s).Survives; !strings.Contains(got, "the only node's disk") {
		t.Error(got)
	}
}

func TestTimers(t *testing.T) {
	s := settings()
	s.Config = map[string]string{"aten.poll_interval": "5000", "heartbeat": "4", "net_ticktime": "20"}
	s.Consumer.SessionTimeout = 3 * time.Second
	got := map[string]time.Duration{}
	for _, timer := range rabbitmq.Kind.Timers(s) {
		got[timer.Name] = timer.Value
	}
	for name, want := range map[string]time.Duration{"aten.poll_interval": 5 * time.Second, "heartbeat": 3 * time.Second, "net_ticktime": 20 * time.Second,
		"consumer_timeout": 30 * time.Minute, "confirm deadline": 10 * time.Second} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	s.Topic.Config["queue-type"] = "stream"
	if all := rabbitmq.Kind.Timers(s); !slices.ContainsFunc(all, func(t broker.Timer) bool {
		return t.Name == "net_ticktime" && strings.Contains(t.Note, "a stream whose leader it has takes nothing")
	}) {
		t.Errorf("a stream waits for net_ticktime: %+v", all)
	}
	for _, decisive := range []string{rabbitmq.Kind.Decisive.Node, rabbitmq.Kind.Decisive.Member} {
		if _, there := got[decisive]; !there {
			t.Errorf("the decisive timer %s is none of %v", decisive, got)
		}
	}
}

func TestWarn(t *testing.T) {
	s := settings()
	if w := rabbitmq.Kind.Warn(s); len(w) > 0 {
		t.Error(w)
	}
	s.Nodes, s.Topic.Replicas = 4, 2
	if w := rabbitmq.Kind.Warn(s); len(w) != 2 || !slices.ContainsFunc(w, func(s string) bool { return strings.HasPrefix(s, "4 nodes survive the loss of 1") }) {
		t.Error(w)
	}
}
