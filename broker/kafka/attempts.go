package kafka

import (
	"bytes"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
)

// A tally counts one producer's attempts to write to each partition, and how they ended. franz-go tries again by itself and tells only the last
// error, which says nothing about the attempts before it: a message is surely not stored only when each attempt that may have held it was refused
// before it was written, or when there was none.
//
// Attempts of a partition are numbered from 1. franz-go has at most one broker working on a partition, so they also end in order, save that those of a
// broken connection end together.
type tally struct {
	run        uint64
	codec      kgo.Compressor // nil: no compression
	partitions []attempts
	answers    atomic.Uint64 // how many answers to produce requests have come

	acknowledged atomic.Uint64 // how many records they said are stored
}

type attempts struct {
	begun atomic.Uint64 // the last attempt that was made ready to be sent
	ended atomic.Uint64 // the last attempt that was answered, or never will be
	doubt atomic.Uint64 // the last attempt that may have been stored although nobody said so
	code  atomic.Int32  // the last answer's error code; 0: none, or none since something was acknowledged
}

func newTally(run uint64, partitions int, codec kgo.Compressor) *tally {
	return &tally{run: run, codec: codec, partitions: make([]attempts, partitions)}
}

// begun is how many attempts were made so far on a partition. What is sent later is in none of them.
func (t *tally) begun(partition int32) uint64 {
	if !t.has(partition) {
		return 0
	}
	return t.partitions[partition].begun.Load()
}

// absent reports whether a message is surely not stored that was given to the client when there had been so many attempts, and that the client failed.
func (t *tally) absent(partition int32, before uint64) bool {
	if !t.has(partition) {
		return false // the topic is not what it was said to be
	}
	a := &t.partitions[partition]
	begun := a.begun.Load()
	return begun == before || a.ended.Load() == begun && a.doubt.Load() <= before
}

// complaint is what the broker answered last on a partition, where that was an error; nil otherwise.
func (t *tally) complaint(partition int32) error {
	if !t.has(partition) {
		return nil
	}
	return kerr.ErrorForCode(int16(t.partitions[partition].code.Load()))
}

func (t *tally) has(partition int32) bool {
	return partition >= 0 && int(partition) < len(t.partitions)
}

// Compress implements kgo.Compressor. It is where an attempt begins: franz-go calls it for each batch under the lock that failing the batch needs as
// well, so whoever is told that a message failed finds every attempt counted that holds it.
func (t *tally) Compress(dst *bytes.Buffer, src []byte, flags ...kgo.CompressFlag) ([]byte, kgo.CompressionCodecType) {
	if p := t.partitionOf(src); t.has(p) {
		t.partitions[p].begun.Add(1)
	} else {
		for i := range t.partitions {
			t.partitions[i].begun.Add(1)
		}
	}
	if t.codec == nil {
		return nil, kgo.CodecNone
	}
	return t.codec.Compress(dst, src, flags...)
}

// partitionOf is the partition that the first message of a batch names in its envelope, or -1.
func (t *tally) partitionOf(records []byte) int32 {
	r := kbin.Reader{Src: records}
	r.Varint()  // length
	r.Int8()    // attributes
	r.Varlong() // timestamp
	r.Varint()  // offset
	r.VarintBytes()
	d := broker.Delivery{Value: r.VarintBytes()}
	if !r.Ok() {
		return -1
	}
	if broker.Decode(&d, t.run); d.Envelope != broker.Intact {
		return -1
	}
	return d.ID.Partition
}

func (a *attempts) end(number uint64, doubt bool) {
	if doubt {
		raise(&a.doubt, number)
	}
	raise(&a.ended, number)
}

func raise(v *atomic.Uint64, to uint64) {
	for old := v.Load(); old < to && !v.CompareAndSwap(old, to); old = v.Load() {
	}
}

// A tap reads the produce requests and answers that pass one connection.
type tap struct {
	tally *tally

	mu      sync.Mutex
	dead    bool
	waiting []request // for answers, the oldest first

	// The stream of answers, read by one goroutine at a time.
	head [8]byte // the next answer's length and correlation id
	got  int     // how much of head is there
	left int     // how much of the answer is missing behind its head
	body []byte  // the answer, where it is one that a request waits for
	keep bool

	asked kmsg.ProduceRequest // the two that were parsed last, kept for their memory
	told  kmsg.ProduceResponse
}

// A request is a produce request on its way.
type request struct {
	id      int32 // Kafka's correlation id
	version int16
	holds   []attempt
}

type attempt struct {
	partition int32
	number    uint64
	records   uint32
}

const produceKey = 0

func newTap(t *tally) *tap { return &tap{tally: t} }

// Request implements conns.Tap. franz-go writes a request whole.
func (t *tap) Request(b []byte) {
	if len(b) < 14 || int16(binary.BigEndian.Uint16(b[4:])) != produceKey {
		return
	}
	version, id := int16(binary.BigEndian.Uint16(b[6:])), int32(binary.BigEndian.Uint32(b[8:]))
	in := kbin.Reader{Src: b[12:]}
	in.UnsafeNullableString() // the client's name
	t.asked.SetVersion(version)
	if t.asked.IsFlexible() {
		kmsg.SkipTags(&in)
	}
	if !in.Ok() || t.asked.UnsafeReadFrom(in.Src) != nil {
		t.unreadable()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.push()
	r.id, r.version = id, version
	for _, topic := range t.asked.Topics {
		for _, p := range topic.Partitions {
			if t.tally.has(p.Partition) && len(p.Records) > 0 {
				r.holds = append(r.holds, attempt{p.Partition, t.tally.begun(p.Partition), recordsOf(p.Records)})
			}
		}
	}
	if t.dead || t.asked.Acks == 0 { // nobody will answer
		t.end(r, nil)
		t.waiting = t.waiting[:len(t.waiting)-1]
	}
}

// recordsOf is how many records a batch says that it holds.
func recordsOf(batch []byte) uint32 {
	const at = 57 // behind the batch's other numbers, in the format that all versions have which franz-go speaks to a broker of this decade
	if len(batch) < at+4 {
		return 0
	}
	return binary.BigEndian.Uint32(batch[at:])
}

// push makes room for one more request, with the memory of one that is done.
func (t *tap) push() *request {
	n := len(t.waiting)
	if n < cap(t.waiting) {
		t.waiting = t.waiting[:n+1]
	} else {
		t.waiting = append(t.waiting, request{})
	}
	r := &t.waiting[n]
	r.holds = r.holds[:0]
	return r
}

// pop takes the oldest request away. There are never more than a few.
func (t *tap) pop() {
	oldest, last := t.waiting[0], len(t.waiting)-1
	copy(t.waiting, t.waiting[1:])
	t.waiting[last] = oldest // its memory is used again
	t.waiting = t.waiting[:last]
}

// unreadable is for requests of a form that we do not know: all that is under way is in doubt for good.
func (t *tap) unreadable() {
	for i := range t.tally.partitions {
		a := &t.tally.partitions[i]
		a.end(a.begun.Load(), true)
	}
}

// Answer implements conns.Tap.
func (t *tap) Answer(b []byte) {
	for len(b) > 0 {
		if t.got < len(t.head) {
			n := copy(t.head[t.got:], b)
			t.got, b = t.got+n, b[n:]
			if t.got == len(t.head) {
				t.begin()
			}
			continue
		}
		n := min(t.left, len(b))
		if t.keep {
			t.body = append(t.body, b[:n]...)
		}
		t.left, b = t.left-n, b[n:]
		if t.left == 0 {
			t.finish()
		}
	}
}

// begin has seen an answer's head.
func (t *tap) begin() {
	t.left = int(binary.BigEndian.Uint32(t.head[:])) - 4
	t.body = t.body[:0]
	t.mu.Lock()
	t.keep = len(t.waiting) > 0 && t.waiting[0].id == int32(binary.BigEndian.Uint32(t.head[4:]))
	t.mu.Unlock()
	if t.left <= 0 {
		t.finish()
	}
}

// finish has seen an answer's last byte.
func (t *tap) finish() {
	t.got = 0
	if !t.keep {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		return
	}
	t.tally.answers.Add(1)
	r := &t.waiting[0]
	defer t.pop()
	resp := &t.told
	resp.SetVersion(r.version)
	in := kbin.Reader{Src: t.body}
	if resp.IsFlexible() {
		kmsg.SkipTags(&in)
	}
	if resp.UnsafeReadFrom(in.Src) != nil {
		resp = nil
	}
	t.end(r, resp)
}

// end counts a request's attempts as ended, with doubt where no answer settles them.
func (t *tap) end(r *request, resp *kmsg.ProduceResponse) {
	for _, held := range r.holds {
		a := &t.tally.partitions[held.partition]
		code, answered := answerFor(resp, held.partition)
		if answered {
			a.code.Store(int32(code))
			if code == 0 {
				t.tally.acknowledged.Add(uint64(held.records))
			}
		}
		a.end(held.number, !answered || code != 0 && !refusals[code])
	}
}

// answerFor is the error code that the answer has for a partition, and whether there is one.
func answerFor(resp *kmsg.ProduceResponse, partition int32) (int16, bool) {
	if resp == nil {
		return 0, false
	}
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			if p.Partition == partition {
				return p.ErrorCode, true
			}
		}
	}
	return 0, false
}

// Lost implements conns.Tap: it ends the requests that nobody will answer any more.
func (t *tap) Lost() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dead = true
	for i := range t.waiting {
		t.end(&t.waiting[i], nil)
	}
	t.waiting = nil
}
