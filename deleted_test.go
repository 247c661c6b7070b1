package squall_test

import (
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/report"
)

// What a fault deletes before the consumers begin has expired, to the message, and the run can be judged all the same: nothing is called lost, skipped or
// unread. What they were given and is deleted later is verified.
func TestDeletedRecords(t *testing.T) {
	t.Parallel()
	late := strings.Replace(quietly, "group: billing", "group: billing, start: 7s", 1)
	r, _, _ := play(t, t.Context(), late+`
faults:
  - { name: before, at: 0s, for: 100ms, delete-records: { oldest: 50% } }
  - { name: again, at: 1s, for: 100ms, delete-records: { oldest: 30%, partition: 1 } }
  - { name: after, at: 6s, for: 100ms, delete-records: { oldest: 100% } }
expect: [ lost == 0, expired > 500, group-skip == 0 ]
`, nil)
	s := r.Safety
	if r.Verdict.Outcome != report.Pass {
		t.Errorf("%s", r.Verdict.Sentence)
	}
	if s.Expired != s.Deleted || s.Verified+s.Expired != s.Acknowledged || s.Lost+s.UnreadTail+s.GroupSkip+s.Duplicates+s.Reordered != 0 {
		t.Errorf("%+v", s)
	}
	for _, f := range r.Faults {
		t.Logf("%s: %s %s", f.Name, f.Error, strings.Join(f.Evidence, "; "))
	}
	t.Logf("%d acknowledged, %d expired", s.Acknowledged, s.Expired)
}

// What was deleted and what the broker lost are counted apart in one run, each to the message.
func TestDeletedAndLost(t *testing.T) {
	t.Parallel()
	var lost atomic.Int64
	late := strings.Replace(quiet, "group: billing", "group: billing, start: 7s", 1)
	r, _, _ := play(t, t.Context(), late+`
faults: [ { name: trim, at: 0s, for: 100ms, delete-records: { oldest: 50% } } ]
expect: [ lost == 0, expired > 500 ]
`, func(c *embedded.Cluster) { forgetful(c, &lost, 2*time.Second, 3*time.Second, 6*time.Second) })
	expired := 0
	for _, line := range r.Faults[0].Evidence {
		if m := regexp.MustCompile(`offsets (\d+) to (\d+) are deleted`).FindStringSubmatch(line); m != nil {
			last, _ := strconv.Atoi(m[2])
			expired += last // without the first, which made the topic ready
		}
	}
	s := r.Safety
	if lost.Load() == 0 || expired < 500 || s.Lost != uint64(lost.Load()) || s.Expired != uint64(expired) || s.Deleted != s.Expired || s.UnreadTail+s.GroupSkip != 0 {
		t.Errorf("lost %d, expired %d (deleted %d), unread %d, skipped %d; want %d and %d: %v", s.Lost, s.Expired, s.Deleted, s.UnreadTail, s.GroupSkip, lost.Load(), expired,
			r.Faults[0])
	}
	if s.Verified+s.Lost+s.Expired != s.Acknowledged || r.Verdict.ExitCode != report.ExitSafety {
		t.Errorf("%s\n%+v", r.Verdict.Sentence, s)
	}
}

// forgetful has a broker acknowledge one produce request after each of these times without storing it, and counts the messages in it.
func forgetful(c *embedded.Cluster, lost *atomic.Int64, after ...time.Duration) {
	begun := time.Now()
	c.Fake().ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.Fake().KeepControl()
		if len(after) == 0 || time.Since(begun) < after[0] {
			return nil, nil, false
		}
		after = after[1:]
		req := r.(*kmsg.ProduceRequest)
		resp := req.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range req.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				var batch kmsg.RecordBatch
				if err := batch.ReadFrom(p.Records); err != nil {
					panic(err)
				}
				lost.Add(int64(batch.NumRecords))
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.BaseOffset = p.Partition, 1<<40
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
}
