package scenarios

import (
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// The presets of client settings: what a scenario's clients get where it says nothing of its own.
const (
	ClientDefault  = "default"   // the client library's own: what users of that library feel
	ClientFast     = "fast"      // asks soon who leads: the broker's own time
	ClientJavaLike = "java-like" // the values of Kafka's Java client, on this library: near to what users of that one feel
)

var presets = []string{ClientDefault, ClientFast, ClientJavaLike}

// fastMetadata is how soon the fast client asks again who leads.
const fastMetadata = 250 * time.Millisecond

// The Java client's own values, from the tables of its configuration (Apache Kafka 4.x, producer and consumer configs).
const (
	javaLinger   = 5 * time.Millisecond   // linger.ms
	javaBatch    = 16 << 10               // batch.size, in bytes
	javaMemory   = 32 << 20               // buffer.memory, in bytes
	javaDelivery = 2 * time.Minute        // delivery.timeout.ms
	javaBackoff  = 100 * time.Millisecond // retry.backoff.ms: how soon it asks again who leads after a refusal
	javaSession  = 45 * time.Second       // session.timeout.ms
)

// deriveClients fills in what the preset says and the scenario does not. Sizes are known.
func (d *draft) deriveClients() {
	p, c := &d.s.Load.Producers, &d.s.Load.Consumers
	switch d.s.Load.Client {
	case ClientFast:
		unless(d, "load.producers.metadata-min-age", &p.MetadataMinAge, fastMetadata)
		unless(d, "load.consumers.metadata-min-age", &c.MetadataMinAge, fastMetadata)
	case ClientJavaLike:
		unless(d, "load.producers.linger", &p.Linger, javaLinger)
		unless(d, "load.producers.batch", &p.BatchBytes, max(javaBatch, d.largestMessage()+batchOverhead))
		unless(d, "load.producers.buffer", &p.Buffer, max(1, javaMemory/max(d.s.Load.Size, 1)))
		unless(d, "load.producers.delivery-timeout", &p.DeliveryTimeout, javaDelivery)
		unless(d, "load.producers.metadata-min-age", &p.MetadataMinAge, javaBackoff)
		unless(d, "load.consumers.metadata-min-age", &c.MetadataMinAge, javaBackoff)
		unless(d, "load.consumers.session-timeout", &c.SessionTimeout, javaSession)
	}
}

// unless sets a field that the scenario leaves open.
func unless[T any](d *draft, path string, field *T, value T) {
	if !d.has(path) {
		*field = value
	}
}

// batchOverhead is what a batch of one message takes beside its value: its header, the record's own fields and a key.
const batchOverhead = 256

// largestMessage returns the size of the largest message, in bytes.
func (d *draft) largestMessage() int {
	if s := d.s.Load.Sizes; s != nil {
		_, most := s.Bounds()
		return most
	}
	return max(d.s.Load.Size, broker.HeaderSize)
}

// batches tells of a batch that cannot hold a single message: the client would reject every one.
func (d *draft) batches() {
	const field = "load.producers.batch"
	n, most := d.s.Load.Producers.BatchBytes, d.largestMessage()
	if n > 0 && n < most+batchOverhead && d.has(field) && !d.wrong(field) && !d.wrong("load.size") {
		d.note(d.at(field), field, "", "a batch of %s cannot hold a message of %s, which takes up to %s with what surrounds it; write at least that",
			writeSize(n), writeSize(most), writeSize(most+batchOverhead))
	}
}
