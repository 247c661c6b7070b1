package squall_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
)

// shuffler makes a broker store the first two messages of a batch in the wrong order, most times, and counts how often it did.
func shuffler(c *embedded.Cluster, after time.Duration, most int64, done *atomic.Int64) {
	begun := time.Now()
	c.Fake().ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.Fake().KeepControl()
		for _, t := range r.(*kmsg.ProduceRequest).Topics {
			for _, p := range t.Partitions {
				if time.Since(begun) >= after && done.Load() < most && swap(p.Records) {
					done.Add(1)
				}
			}
		}
		return nil, nil, false
	})
}

// swap exchanges the values of a batch's first two records, which are of one length, and reports whether there are two.
func swap(raw []byte) bool {
	var batch kmsg.RecordBatch
	if batch.ReadFrom(raw) != nil || batch.NumRecords < 2 {
		return false
	}
	var values [2][]byte
	rest := batch.Records
	for i := range values {
		var record kmsg.Record
		length, n := binary.Varint(rest)
		if record.ReadFrom(rest[:n+int(length)]) != nil {
			return false
		}
		values[i] = bytes.Clone(record.Value)
		rest = rest[n+int(length):]
	}
	first, second := bytes.Index(raw, values[0]), bytes.Index(raw, values[1])
	copy(raw[first:], values[1])
	copy(raw[second:], values[0])
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli))) // over everything behind it
	return true
}

// A broker that stores messages in another order than they were sent in is found out, each of them is counted, and nothing else is said of it but that
// they are not where it said.
func TestShufflerIsFoundOut(t *testing.T) {
	t.Parallel()
	for name, most := range map[string]int64{"honest": 0, "seven times": 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var done atomic.Int64
			text := strings.Replace(quiet, "linger: 2ms", "linger: 20ms", 1) // batches of several
			r, _, _ := play(t, t.Context(), text+expectSafe, func(c *embedded.Cluster) { shuffler(c, 2500*time.Millisecond, most, &done) })
			s := r.Safety
			if done.Load() != most || s.Reordered != uint64(most) || s.Lost+s.Duplicates+s.Corrupt+s.Phantom+s.AbortedRead != 0 || s.Verified != s.Acknowledged {
				t.Errorf("%d batches shuffled: %+v", done.Load(), s)
			}
			if want := uint64(2 * most); s.OffsetConflict != want {
				t.Errorf("%d offsets hold another message than was acknowledged there, want %d", s.OffsetConflict, want)
			}
			if code := map[bool]report.ExitCode{true: report.ExitPass, false: report.ExitSafety}[most == 0]; r.Verdict.ExitCode != code {
				t.Error(r.Verdict.Sentence)
			}
		})
	}
}

// Messages that are stored although the producer never heard of it, and gave up, are found again: neither lost nor duplicates, and nobody's failure.
func TestResurrected(t *testing.T) {
	t.Parallel()
	text := strings.Replace(quietly, "delivery-timeout: 10s", "delivery-timeout: 2s", 1)
	r, _, _ := play(t, t.Context(), text+"faults: [ { name: deaf, at: 0s, for: 5s, lose-ack: {}, node: all } ]\n"+expectSafe, nil)
	s := r.Safety
	var stored uint64 // by the broker's own offsets
	for _, p := range s.FinalRead.Ends {
		stored += uint64(p.End-p.Start) - 1 // but for what made the topic ready
	}
	if s.Resurrected == 0 || s.Resurrected > s.Unknown || s.Resurrected != stored-s.Acknowledged || s.Lost+s.Duplicates+s.Reordered+s.Phantom != 0 || s.Verified != s.Acknowledged {
		t.Errorf("%+v", s)
	}
	if r.Verdict.Outcome == report.Fail && r.Verdict.ExitCode == report.ExitSafety {
		t.Error(r.Verdict.Sentence)
	}
}
