package embedded

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// An api is a kind of request into whose answers an error code can be put.
type api struct {
	key kmsg.Key
	// put puts the code into an answer, and reports whether there was a place for it.
	put func(kmsg.Response, int16) bool
	// refuse returns an answer as from a broker that did nothing of it. nil: kfake is asked and its answer changed, for nothing comes of the question.
	refuse func(kmsg.Request) kmsg.Response
	after  []int16 // codes that a broker answers when it did what it was asked
}

// done reports whether a broker that answers with the code did what it was asked.
func (a api) done(code int16) bool { return slices.Contains(a.after, code) }

// apis are those whose answers can be changed, by name.
var apis = map[string]api{
	"produce":          {kmsg.Produce, failProduce, refuseProduce, []int16{kerr.RequestTimedOut.Code, kerr.NotEnoughReplicasAfterAppend.Code}},
	"fetch":            {kmsg.Fetch, failFetch, nil, nil},
	"list-offsets":     {kmsg.ListOffsets, failListOffsets, nil, nil},
	"metadata":         {kmsg.Metadata, failMetadata, nil, nil},
	"offset-commit":    {kmsg.OffsetCommit, failOffsetCommit, refuseOffsetCommit, []int16{kerr.RequestTimedOut.Code}},
	"offset-fetch":     {kmsg.OffsetFetch, failOffsetFetch, nil, nil},
	"find-coordinator": {kmsg.FindCoordinator, failFindCoordinator, nil, nil},
	"join-group":       {kmsg.JoinGroup, failJoinGroup, kmsg.Request.ResponseKind, nil},
	"sync-group":       {kmsg.SyncGroup, failSyncGroup, kmsg.Request.ResponseKind, nil},
	"heartbeat":        {kmsg.Heartbeat, failHeartbeat, kmsg.Request.ResponseKind, nil},
	"leave-group":      {kmsg.LeaveGroup, failLeaveGroup, kmsg.Request.ResponseKind, nil},
	"init-producer-id": {kmsg.InitProducerID, failInitProducerID, kmsg.Request.ResponseKind, nil},
	"end-txn":          {kmsg.EndTxn, failEndTxn, kmsg.Request.ResponseKind, []int16{kerr.RequestTimedOut.Code, kerr.UnknownServerError.Code}},
}

// codes are the error codes by name; Kafka has called number 6 by another than kerr's since 2.6.
var codes = func() map[string]int16 {
	all := map[string]int16{"NOT_LEADER_OR_FOLLOWER": kerr.NotLeaderForPartition.Code}
	for code := int16(-1); code < 1000; code++ {
		if err := kerr.TypedErrorForCode(code); err != nil && err.Code == code {
			all[err.Message] = code
		}
	}
	return all
}()

func failProduce(r kmsg.Response, code int16) (put bool) {
	for _, t := range r.(*kmsg.ProduceResponse).Topics {
		for i := range t.Partitions {
			t.Partitions[i].ErrorCode, t.Partitions[i].BaseOffset, put = code, -1, true
		}
	}
	return put
}

func refuseProduce(r kmsg.Request) kmsg.Response {
	resp := r.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range r.(*kmsg.ProduceRequest).Topics {
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewProduceResponseTopicPartition()
			rp.Partition = p.Partition
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

// failFetch keeps the records back. An answer to a client that has seen everything names no partition.
func failFetch(r kmsg.Response, code int16) (put bool) {
	for _, t := range r.(*kmsg.FetchResponse).Topics {
		for i := range t.Partitions {
			p := kmsg.NewFetchResponseTopicPartition()
			p.Partition, p.ErrorCode, p.HighWatermark, put = t.Partitions[i].Partition, code, -1, true
			t.Partitions[i] = p
		}
	}
	return put
}

func failListOffsets(r kmsg.Response, code int16) (put bool) {
	for _, t := range r.(*kmsg.ListOffsetsResponse).Topics {
		for i := range t.Partitions {
			p := kmsg.NewListOffsetsResponseTopicPartition()
			p.Partition, p.ErrorCode, put = t.Partitions[i].Partition, code, true
			t.Partitions[i] = p
		}
	}
	return put
}

func failMetadata(r kmsg.Response, code int16) (put bool) {
	topics := r.(*kmsg.MetadataResponse).Topics
	for i := range topics {
		topics[i].ErrorCode, topics[i].Partitions = code, nil
	}
	return len(topics) > 0
}

func failOffsetCommit(r kmsg.Response, code int16) (put bool) {
	for _, t := range r.(*kmsg.OffsetCommitResponse).Topics {
		for i := range t.Partitions {
			t.Partitions[i].ErrorCode, put = code, true
		}
	}
	return put
}

func refuseOffsetCommit(r kmsg.Request) kmsg.Response {
	resp := r.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, t := range r.(*kmsg.OffsetCommitRequest).Topics {
		rt := kmsg.NewOffsetCommitResponseTopic()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewOffsetCommitResponseTopicPartition()
			rp.Partition = p.Partition
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

func failOffsetFetch(r kmsg.Response, code int16) bool {
	resp := r.(*kmsg.OffsetFetchResponse)
	resp.ErrorCode, resp.Topics = code, nil // up to version 7
	for i := range resp.Groups {
		resp.Groups[i].ErrorCode, resp.Groups[i].Topics = code, nil
	}
	return true
}

func failFindCoordinator(r kmsg.Response, code int16) bool {
	resp := r.(*kmsg.FindCoordinatorResponse)
	resp.ErrorCode, resp.NodeID = code, -1 // up to version 3
	for i := range resp.Coordinators {
		resp.Coordinators[i].ErrorCode, resp.Coordinators[i].NodeID = code, -1
	}
	return true
}

func failJoinGroup(r kmsg.Response, code int16) bool {
	r.(*kmsg.JoinGroupResponse).ErrorCode = code
	return true
}

func failSyncGroup(r kmsg.Response, code int16) bool {
	r.(*kmsg.SyncGroupResponse).ErrorCode = code
	return true
}

func failHeartbeat(r kmsg.Response, code int16) bool {
	r.(*kmsg.HeartbeatResponse).ErrorCode = code
	return true
}

func failLeaveGroup(r kmsg.Response, code int16) bool {
	r.(*kmsg.LeaveGroupResponse).ErrorCode = code
	return true
}

func failInitProducerID(r kmsg.Response, code int16) bool {
	r.(*kmsg.InitProducerIDResponse).ErrorCode = code
	return true
}

func failEndTxn(r kmsg.Response, code int16) bool {
	r.(*kmsg.EndTxnResponse).ErrorCode = code
	return true
}
