package kafka

import (
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	// outboxSize is how many outcomes are told at once at most.
	outboxSize = 256
	// longestStay is how long an outcome waits for others at most, twice this where it was counted wrongly.
	longestStay = 50 * time.Millisecond
)

// An outbox collects the outcomes that become known together: franz-go tells them one at a time, and does not say which is the last one that an
// answer brought. The answers themselves say how many records they acknowledge, so the last is known by counting. The count goes wrong where
// franz-go does not take an answer for what it says, such as one for a batch that it has failed meanwhile; then outcomes are told early, or after
// longestStay, until it is right again. When an outcome was known is noted before, so no figure depends on it.
type outbox struct {
	outcomes []broker.Outcome
	now      time.Duration // when the last outcome was known,
	answers  uint64        // and how many answers had come by then
	told     uint64        // acknowledgements that franz-go told, as far as they were counted
	looked   uint64        // told, when it was last looked for outcomes that stay too long
}

// last counts what franz-go told and reports whether all should be told that the outbox holds. acknowledged is what the answers said so far.
func (o *outbox) last(acknowledged uint64, ok bool) bool {
	if ok {
		o.told++
	}
	if o.told < acknowledged {
		return len(o.outcomes) == cap(o.outcomes)
	}
	o.told = acknowledged
	return true
}

// stuck reports whether outcomes wait for others that do not come.
func (o *outbox) stuck(acknowledged uint64) bool {
	stuck := o.told == o.looked && o.told != acknowledged
	if stuck {
		o.told = acknowledged
	}
	o.looked = o.told
	return stuck
}
