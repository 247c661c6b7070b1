package ledger_test

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/ledger"
	"github.com/seed-228c25e4/squall/report"
)

// A lie is what the lying broker does to one message.
type lie int

const (
	honest    lie = iota
	drop          // acknowledge, and store nothing
	repeat        // store twice
	swap          // store behind the next one of the stream
	damage        // store with a wrong checksum
	invent        // store one that was never sent as well
	misplace      // store one of another partition as well
	strange       // store another run's as well
	redeliver     // deliver twice, store once
	skip          // store, and deliver to nobody
	timeout       // no answer, and store nothing
	resurrect     // no answer, and store
	reject        // refuse
	abort         // refuse, and store
	answer        // answer twice
	vanish        // no answer, deliver, and give its offset to the next one
	misreport     // store, and tell the offset of the one before
	lies
)

// A liar is a broker in a loop: it takes messages, lies about a few of them, and tells the ledger's pages.
type liar struct {
	producers, partitions int
	plan                  map[uint64]lie // by the message's number
	ledger                *ledger.Ledger

	clock   time.Duration
	logs    []logOf // by partition
	held    map[stream]broker.ID
	members []*ledger.ReceivePage
	batch   struct {
		sent      []broker.Message
		outcomes  []broker.Outcome
		delivered [][]broker.Delivery // by member
	}
}

type stream struct {
	producer  uint32
	partition int32
}

// logOf is what one partition holds: only what differs from the rule is kept, so that millions cost nothing.
type logOf struct {
	end     int64
	pending []broker.Delivery // for the final read, which follows at once
}

var errNoAnswer = errors.New("no answer")

const batchSize = 1000

func newLiar(producers, partitions int) *liar {
	l := &liar{producers: producers, partitions: partitions, plan: map[uint64]lie{}, ledger: ledger.New(producers, partitions),
		logs: make([]logOf, partitions), held: map[stream]broker.ID{}}
	l.join()
	return l
}

// join replaces all members by new ones, as a rebalance does.
func (l *liar) join() {
	l.members = []*ledger.ReceivePage{l.ledger.Receiver(), l.ledger.Receiver()}
	l.batch.delivered = make([][]broker.Delivery, len(l.members))
}

// schedule plans k of each lie among n messages, no two of them near one another in a stream.
func (l *liar) schedule(n uint64, k int, rng *rand.Rand) {
	perStream := n / uint64(l.producers*l.partitions)
	for what := drop; what < lies; what++ {
		for planned := 0; planned < k; {
			a := report.Anomaly{Producer: rng.Uint32N(uint32(l.producers)), Partition: rng.Int32N(int32(l.partitions)), First: rng.Uint64N(perStream/4) * 4}
			at := l.number(a)
			a.First++
			if l.number(a) < n && l.plan[at] == honest {
				l.plan[at] = what
				planned++
			}
		}
	}
}

func (l *liar) run(n uint64) {
	reader := l.ledger.Reader()
	var number uint64
	for number < n {
		producer := uint32(number / batchSize % uint64(l.producers))
		for range min(batchSize, n-number) {
			l.message(number, producer)
			number++
		}
		l.flush(producer, reader)
		if number == n/2 {
			l.join()
		}
	}
}

// message sends message number of the run; a producer sends batchSize in a row, in turn over all partitions.
func (l *liar) message(number uint64, producer uint32) {
	round := number / (batchSize * uint64(l.producers))
	inProducer := round*batchSize + number%batchSize
	id := broker.ID{Producer: producer, Partition: int32(inProducer % uint64(l.partitions)), Seq: inProducer / uint64(l.partitions)}
	l.clock += time.Microsecond
	l.batch.sent = append(l.batch.sent, broker.Message{ID: id})
	what := l.plan[number]
	o := broker.Outcome{ID: id, At: l.clock, Offset: l.logs[id.Partition].end}
	switch what {
	case timeout, resurrect, vanish:
		o.Err, o.Offset = errNoAnswer, -1
	case reject, abort:
		o.Err, o.Offset = broker.ErrRejected, -1
	case misreport:
		o.Offset--
	case answer:
		l.batch.outcomes = append(l.batch.outcomes, o)
	}
	l.batch.outcomes = append(l.batch.outcomes, o)
	l.lie(what, id)
	key := stream{id.Producer, id.Partition}
	if held, ok := l.held[key]; ok && held != id {
		delete(l.held, key)
		l.store(held, broker.Intact, 1)
	}
}

// lie does what is done at the broker.
func (l *liar) lie(what lie, id broker.ID) {
	switch what {
	case drop, timeout, reject:
	case vanish:
		member := int(id.Partition) % len(l.members)
		l.batch.delivered[member] = append(l.batch.delivered[member], broker.Delivery{Partition: id.Partition, Offset: l.logs[id.Partition].end, ID: id})
	case swap:
		l.held[stream{id.Producer, id.Partition}] = id
	case damage:
		l.store(broker.ID{Partition: id.Partition}, broker.Corrupt, 1)
	case redeliver:
		l.store(id, broker.Intact, 2)
	case skip:
		l.store(id, broker.Intact, 0)
	default:
		l.store(id, broker.Intact, 1)
	}
	switch what {
	case repeat:
		l.store(id, broker.Intact, 1)
	case invent:
		l.store(broker.ID{Producer: id.Producer, Partition: id.Partition, Seq: 1<<60 + id.Seq}, broker.Intact, 1)
	case misplace:
		l.storeIn(id.Partition, broker.ID{Producer: id.Producer, Partition: (id.Partition + 1) % int32(l.partitions), Seq: id.Seq}, broker.Intact, 1)
	case strange:
		l.store(id, broker.Foreign, 1)
	}
}

func (l *liar) store(id broker.ID, e broker.EnvelopeState, deliveries int) {
	l.storeIn(id.Partition, id, e, deliveries)
}

func (l *liar) storeIn(partition int32, id broker.ID, e broker.EnvelopeState, deliveries int) {
	log := &l.logs[partition]
	d := broker.Delivery{Partition: partition, Offset: log.end, ID: id, Envelope: e}
	log.end++
	log.pending = append(log.pending, d)
	member := int(partition) % len(l.members)
	for range deliveries {
		l.batch.delivered[member] = append(l.batch.delivered[member], d)
	}
}

func (l *liar) flush(producer uint32, reader *ledger.ReadPage) {
	l.ledger.Sender(producer).Sent(l.batch.sent)
	l.ledger.Sender(producer).Outcomes(l.batch.outcomes)
	l.batch.sent, l.batch.outcomes = l.batch.sent[:0], l.batch.outcomes[:0]
	for i, m := range l.members {
		m.Delivered(l.batch.delivered[i])
		l.batch.delivered[i] = l.batch.delivered[i][:0]
	}
	for i := range l.logs {
		reader.Delivered(l.logs[i].pending)
		l.logs[i].pending = l.logs[i].pending[:0]
	}
}

// ends are those of a final read that saw everything.
func (l *liar) ends() []report.Partition {
	var ends []report.Partition
	for i := range l.logs {
		ends = append(ends, report.Partition{Partition: int32(i), End: l.logs[i].end, Reached: l.logs[i].end})
	}
	return ends
}

// messages is how many the tests send.
func messages() uint64 {
	switch {
	case raceDetector:
		return 300_000
	case testing.Short():
		return 1_000_000
	}
	return 10_000_000
}

// TestPlantedBugs: of N messages a few are lied about in each way, all of them are found, and nothing else is.
func TestPlantedBugs(t *testing.T) {
	const k = 100
	n := messages()
	l := newLiar(4, 6)
	l.schedule(n, k, rand.New(rand.NewPCG(1, 2)))
	l.run(n)
	s := l.ledger.Balance(ledger.Final{Readable: true, Ends: l.ends(), Grouped: true, Drained: true})
	want := report.Safety{
		Sent: n, Acknowledged: n - 5*k, Rejected: 2 * k, Unknown: 3 * k, Late: k, Verified: n - 7*k,
		// Not delivered are drop, timeout, reject, damage and skip; delivered besides are repeat, invent, misplace and redeliver.
		Delivered: n - 5*k + 4*k,
		Lost:      2 * k, // dropped, and damaged
		GroupSkip: k, Duplicates: k, Redelivered: k, Reordered: k, Phantom: 2 * k, AbortedRead: k, Corrupt: k, Foreign: k, Resurrected: 2 * k,
		OffsetConflict: 4 * k, // what is dropped or swapped is acknowledged at the next one's offset
	}
	if !s.FinalRead.Done || figures(s) != figures(want) {
		t.Errorf("the balance is\n%v\nwant\n%v", figures(s), figures(want))
	}
	l.examples(t, s.Examples)
}

// culprits are the lies that each anomaly may come from.
var culprits = map[string][]lie{
	"lost": {drop, damage}, "group-skip": {skip}, "duplicates": {repeat}, "redelivered": {redeliver}, "reordered": {swap}, "aborted-read": {abort},
	"resurrected": {resurrect, vanish}, "late": {answer}, "foreign": {strange}, "phantom": nil, "corrupt": nil, "offset-conflict": {drop, swap, vanish, misreport},
}

// examples checks that there are enough, and that each names a message that was lied about, with evidence where there is some.
func (l *liar) examples(t *testing.T, list []report.Anomaly) {
	seen := map[string]int{}
	for _, a := range list {
		seen[a.Kind]++
		if a.Note == "" && a.Offset < 0 {
			t.Errorf("nothing is told of %+v", a)
		}
		if a.First != a.Last {
			t.Errorf("%+v is several", a)
		}
		if who := culprits[a.Kind]; who != nil && !slices.Contains(who, l.plan[l.number(a)]) {
			t.Errorf("%+v is accused of what it did not do", a)
		}
	}
	for kind := range culprits {
		if seen[kind] != 32 {
			t.Errorf("%d examples of %s", seen[kind], kind)
		}
	}
}

// number is the inverse of what message makes of a number.
func (l *liar) number(a report.Anomaly) uint64 {
	inProducer := a.First*uint64(l.partitions) + uint64(a.Partition)
	return (inProducer/batchSize*uint64(l.producers)+uint64(a.Producer))*batchSize + inProducer%batchSize
}

// figures are all counts of a balance.
func figures(s report.Safety) [29]uint64 {
	t := s.Transactions
	return [...]uint64{s.Sent, s.Unsent, s.Acknowledged, s.Rejected, s.Unknown, s.Pending, s.Late, s.Delivered, s.Verified, s.Lost, s.UnreadTail,
		s.Expired, s.GroupSkip, s.GroupLag, s.Duplicates, s.Redelivered, s.Reordered, s.Phantom, s.AbortedRead, s.Corrupt, s.Foreign, s.Resurrected,
		s.OffsetConflict, s.Aborted, s.DirtyRead, t.Committed, t.Aborted, t.Unknown, t.Torn}
}

// TestWhatIsSettledCostsNothing: the memory of a run does not grow with its messages.
func TestWhatIsSettledCostsNothing(t *testing.T) {
	for producers, most := range map[int]int64{1: 4 << 20, 4: 32 << 20} { // the windows of offsets keep something of each batch where several producers meet
		var before, after runtime.MemStats
		n := messages() / 2
		runtime.GC()
		runtime.ReadMemStats(&before)
		l := newLiar(producers, 6)
		l.run(n)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > most {
			t.Errorf("%d messages, all of them settled, take %d bytes", n, used)
		}
		if s := l.ledger.Balance(ledger.Final{Readable: true, Ends: l.ends(), Grouped: true, Drained: true}); s.Verified != n || s.Examples != nil {
			t.Errorf("the balance is %+v", s)
		}
	}
}
