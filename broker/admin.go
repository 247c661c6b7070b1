package broker

import "context"

// An Elector is a Driver that can ask for elections of leaders.
type Elector interface {
	// Elect asks the cluster to elect the partitions' leaders: the preferred ones, or with unclean, where there is none, one that may lack messages. It
	// returns the partitions for which the cluster says that it elected one; those that needed no election are left out.
	Elect(ctx context.Context, topic string, partitions []int32, unclean bool) ([]int32, error)
}

// A Role is what a node can be to the others.
type Role string

// The roles.
const (
	LeaderRole      Role = "leader"      // of the topic's partition 0
	ControllerRole  Role = "controller"  // who leads the cluster
	CoordinatorRole Role = "coordinator" // of the run's group
)

// A Resigner is a Driver that can have a node give up a role in good order.
type Resigner interface {
	// Resign asks whoever has the role to hand it over. It returns when the cluster has agreed, which may be before there is a successor, and after which the
	// same node may be elected again.
	Resign(ctx context.Context, role Role, topic string) error
}

// A Reassigner is a Driver that can move replicas to other nodes while the brokers run.
type Reassigner interface {
	// Assignment tells where each partition's replicas are to be, and whether some are still on their way.
	Assignment(ctx context.Context, topic string) (map[int32]Assignment, error)
	// Reassign asks for the partitions' replicas to be on these nodes, in the place of what was asked for before; the first of them is to be preferred as
	// leader. It returns when the cluster has agreed, which is before they are there.
	Reassign(ctx context.Context, topic string, to map[int32][]string) error
}

// An Assignment is where the replicas of one partition are to be, by name of node.
type Assignment struct {
	Replicas []string // as they were asked for; the first is preferred as leader
	Moving   bool     // not all of them are there yet, or others still are
}

// A Deleter is a Driver that can throw away the oldest of what a topic holds.
type Deleter interface {
	// DeleteRecords deletes the messages below an offset of each partition. Ends shows it.
	DeleteRecords(ctx context.Context, topic string, below map[int32]int64) error
}

// A Recreator is a Driver that can throw away a whole topic.
type Recreator interface {
	// RecreateTopic deletes the topic with all that is in it, and makes it again as CreateTopic made it. It may be called again after an error. was and
	// is are what the broker itself tells the two apart by.
	RecreateTopic(ctx context.Context, topic string) (was, is string, err error)
}

// A QueueDeleter is a Driver of brokers whose partitions are queues, each of which can be away by itself.
type QueueDeleter interface {
	// DeleteQueue deletes a partition's queue with all that is in it, and returns how many messages nobody had been given. A queue that is not there is an
	// error.
	DeleteQueue(ctx context.Context, topic string, partition int32) (held uint64, err error)
	// DeclareQueue makes it again, as CreateTopic made it. One that is there is left as it is.
	DeclareQueue(ctx context.Context, topic string, partition int32) error
}

// A ConsumerCanceller is a Driver of brokers that give messages to consumers of their own accord, and can stop doing so: they cancel a consumer, and tell its client.
type ConsumerCanceller interface {
	// CancelConsumers has the broker cancel every consumer of a partition, and returns how many those were, when it lists none of them any more. What they hold
	// and have not acknowledged stays theirs. After an error some may be cancelled.
	CancelConsumers(ctx context.Context, topic string, partition int32) (int, error)
	// Consumers returns how many consumers of a partition the broker lists.
	Consumers(ctx context.Context, topic string, partition int32) (int, error)
}

// A Resource is what a node can run short of.
type Resource string

// The resources.
const (
	MemoryResource Resource = "memory"
	DiskResource   Resource = "disk"
)

// An Alarmer is a Driver whose nodes raise an alarm when they are short of a resource, and until it is over take nothing from producers.
type Alarmer interface {
	// Alarms returns the resources that a node itself takes for short.
	Alarms(ctx context.Context, node string) ([]Resource, error)
	// Alarm has a node take a resource for short, by a limit that it is beyond already: what there is of the resource stays. told says in a line what was
	// changed. The way back is never nil, and may be called again after an error.
	Alarm(ctx context.Context, node string, of Resource) (told string, undo func(context.Context) error, err error)
}

// A TopicDeleter is a Driver that can take a topic away that it made, with all that is in it, for who makes many runs on one cluster.
type TopicDeleter interface {
	// DeleteTopic returns when the cluster has agreed, which may be before the room is free. That there is no such topic is no error.
	DeleteTopic(ctx context.Context, t Topic) error
}

// A Configurer is a Driver that can read and change settings while the brokers run: a topic's, or with an empty topic those that all brokers share.
type Configurer interface {
	// Setting asks every node. A setting that there is not is an error, and one whose value is kept secret.
	Setting(ctx context.Context, topic, name string) (Setting, error)
	// SetSetting sets a value of its own, or takes it away with nil. It is in force on the nodes only a moment later: ask Setting.
	SetSetting(ctx context.Context, topic, name string, value *string) error
}

// A Setting is what one setting is now.
type Setting struct {
	Own     *string           // what was set for this topic, or for all brokers, while they ran; nil: nothing
	InForce map[string]string // by the name of the node, of those that answer
}

// Quotas is a Driver that can limit what each client of a kind may move in a second, for every client that has no limit of its own.
type Quotas interface {
	// Quota returns the limit in bytes per second, for each client on each node; nil: there is none. clients is Producers or Consumers.
	Quota(ctx context.Context, clients string) (*float64, error)
	// SetQuota sets the limit, or takes it away with nil.
	SetQuota(ctx context.Context, clients string, limit *float64) error
}
