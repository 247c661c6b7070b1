package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-228c25e4/squall/broker"
)

// commits tells what became of a member's commits.
type commits struct {
	driver *driver
	tell   func(broker.Commit) // nil: nobody listens
}

// marked commits what is marked, and waits for the answer.
func (c commits) marked(ctx context.Context, client *kgo.Client) (err error) {
	offsets := client.MarkedOffsets()
	if len(offsets) == 0 {
		return nil
	}
	client.CommitOffsetsSync(ctx, offsets, func(cl *kgo.Client, req *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, failed error) {
		if err = failed; err == nil {
			err = refusal(resp)
		}
		c.ended(cl, req, resp, failed)
	})
	return err
}

// refusal returns the first error of an answer.
func refusal(resp *kmsg.OffsetCommitResponse) error {
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return kerr.ErrorForCode(p.ErrorCode)
			}
		}
	}
	return nil
}

// ended is told by franz-go how a commit ended.
func (c commits) ended(_ *kgo.Client, req *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
	if c.tell == nil || req == nil {
		return
	}
	codes := map[int32]int16{}
	if err == nil && resp != nil {
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				codes[p.Partition] = p.ErrorCode
			}
		}
	}
	now := c.driver.clock.Now()
	for _, t := range req.Topics { // there is one
		for _, p := range t.Partitions {
			told := broker.Commit{At: now, Partition: p.Partition, Offset: p.Offset, Err: err}
			switch code := codes[p.Partition]; code {
			case 0:
			case kerr.RequestTimedOut.Code:
				told.Err = kerr.RequestTimedOut
			default:
				continue
			}
			c.tell(told)
		}
	}
}
