// Package loadgen sends load at the schedule's pace, whatever the broker does, and measures how long it took, counted from when each message was
// due. It knows the waist's clients and the words of the report; it knows no broker, no fault, and does not judge what it measures.
//
// One goroutine paces and sends for each producing client, the client's own goroutine tells outcomes, and one goroutine receives for each
// consuming client. Each of them writes a recording of its own that nobody else touches; the Collector takes recordings away and merges them.
package loadgen

import "github.com/seed-228c25e4/squall/broker"

// A SendPage is told by batch what one producing client sent, and what became of it. Sent is called by the sending goroutine and Outcomes by the
// client's own, at the same time; an outcome may be told before its message. Neither may block, or keep what it was given.
type SendPage interface {
	Sent([]broker.Message)
	Outcomes([]broker.Outcome)
}

// A ReceivePage is told by batch what one consuming client got, decoded. It may not block, or keep what it was given.
type ReceivePage interface {
	Delivered([]broker.Delivery)
}
