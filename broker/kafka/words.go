package kafka

import "github.com/twmb/franz-go/pkg/kerr"

// errorCodes are Kafka's names of what a broker can answer beside success, in the order of their numbers.
func errorCodes() []string {
	var names []string
	for code := int16(-1); code < 1000; code++ {
		err := kerr.TypedErrorForCode(code)
		switch {
		case err == kerr.NotLeaderForPartition:
			names = append(names, "NOT_LEADER_OR_FOLLOWER") // as Kafka has called it since 2.6
		case err != nil && err.Code == code:
			names = append(names, err.Message)
		}
	}
	return names
}
