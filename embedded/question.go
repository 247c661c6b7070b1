package embedded

import (
	"encoding/binary"
	"errors"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A question is a request, and what is to become of its answer.
type question struct {
	req      kmsg.Request
	corr     int32
	body     []byte // of the request; gone when the next one is read
	answered bool   // its client wants an answer

	lie     *lie         // what changes the answer; nil: nothing
	instead []byte       // the answer that is given without asking kfake
	sent    map[part]int // what was sent to be stored, where its acknowledgement may be lost
	late    []*lie       // what delays the answer
}

// A part is a partition of a topic, which has a name or, in later versions, an id.
type part struct {
	topic     string
	id        [16]byte
	partition int32
}

var errMangled = errors.New("this is no request of Kafka's")

// ask reads the head of a request, and of one to produce whether there is to be an answer.
func ask(b []byte) (question, error) {
	r := kbin.Reader{Src: b}
	key, version, corr := r.Int16(), r.Int16(), r.Int32()
	r.NullableString() // the client's id
	q := question{req: kmsg.RequestForKey(key), corr: corr, answered: true}
	if q.req == nil {
		return q, errMangled
	}
	q.req.SetVersion(version)
	if q.req.IsFlexible() {
		kmsg.SkipTags(&r)
	}
	if r.Complete() != nil {
		return q, errMangled
	}
	q.body = r.Src
	if p, ok := q.req.(*kmsg.ProduceRequest); ok {
		if err := p.ReadFrom(q.body); err != nil {
			return q, err
		}
		q.answered = p.Acks != 0
	}
	return q, nil
}

func (q *question) key() kmsg.Key { return kmsg.Key(q.req.Key()) }

// begin lets a lie have the answer.
func (q *question) begin(l *lie) error {
	q.lie = l
	if p, ok := q.req.(*kmsg.ProduceRequest); ok && l.LoseAck {
		q.sent = messages(p)
	}
	if l.Code == "" || l.api.refuse == nil || l.api.done(l.code) {
		return nil // kfake is asked
	}
	if err := q.req.ReadFrom(q.body); err != nil {
		return err
	}
	resp := l.api.refuse(q.req)
	l.api.put(resp, l.code)
	q.instead = q.encode(resp)
	return nil
}

// messages counts what a request wants to be stored.
func messages(p *kmsg.ProduceRequest) map[part]int {
	sent := map[part]int{}
	for _, t := range p.Topics {
		for _, tp := range t.Partitions {
			var batch kmsg.RecordBatch
			if batch.ReadFrom(tp.Records) == nil {
				sent[part{t.Topic, t.TopicID, tp.Partition}] += int(batch.NumRecords)
			}
		}
	}
	return sent
}

// change returns what is told in the place of kfake's answer; the error says that nothing is.
func (q *question) change(answer []byte) ([]byte, error) {
	if q.lie == nil || q.lie.isOver() {
		return answer, nil
	}
	resp, err := q.decode(answer)
	if err != nil {
		return nil, err
	}
	if q.lie.LoseAck {
		n := 0
		for _, t := range resp.(*kmsg.ProduceResponse).Topics {
			for _, tp := range t.Partitions {
				if tp.ErrorCode == 0 {
					n += q.sent[part{t.Topic, t.TopicID, tp.Partition}]
				}
			}
		}
		if n == 0 {
			return answer, nil // no acknowledgement
		}
		q.lie.count(n)
		return nil, errLost
	}
	if !q.lie.api.put(resp, q.lie.code) {
		return answer, nil
	}
	q.lie.count(0)
	return q.encode(resp), nil
}

// decode reads an answer, with its length.
func (q *question) decode(answer []byte) (kmsg.Response, error) {
	resp := q.req.ResponseKind()
	r := kbin.Reader{Src: answer}
	r.Span(8)
	if resp.IsFlexible() {
		kmsg.SkipTags(&r)
	}
	return resp, resp.ReadFrom(r.Src)
}

// encode makes an answer, with its length.
func (q *question) encode(resp kmsg.Response) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(q.corr))
	if resp.IsFlexible() {
		b = append(b, 0)
	}
	b = resp.AppendTo(b)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}
