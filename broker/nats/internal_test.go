package nats

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// An answer is read the same, whether it is the usual one or not.
func TestAnswerOf(t *testing.T) {
	for data, want := range map[string]pubAnswer{
		`{"stream":"orders","seq":4711}`:                                                              {Sequence: 4711},
		`{"stream":"orders", "seq": 4711,"duplicate": true}`:                                          {Sequence: 4711},
		`{"seq":18446744073709551615,"stream":"a"}`:                                                   {Sequence: math.MaxUint64},
		`{"error":{"code":503,"err_code":10077,"description":"\"seq\":1"},"stream":"orders","seq":0}`: {Error: &jetstream.APIError{Code: 503, ErrorCode: 10077, Description: `"seq":1`}},
	} {
		if got, err := answerOf([]byte(data)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", data, got, err)
		}
	}
	for _, data := range []string{"", "{", `{"seq":-1}`, `{"seq":99999999999999999999}`} {
		if got, err := answerOf([]byte(data)); err == nil {
			t.Errorf("%s is taken: %+v", data, got)
		}
	}
}

// Heartbeats that are missing now and then are no silence; those that are missing one after another are, from the first of them on.
func TestSilence(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var s silence
	for _, c := range []struct{ at, want time.Duration }{
		{0, 0}, {time.Minute, 0}, {2 * time.Minute, 0}, // each a miss by itself
		{2*time.Minute + 2*time.Second, 2 * time.Second}, {2*time.Minute + 4*time.Second, 4 * time.Second}, {2*time.Minute + 6*time.Second, 6 * time.Second},
		{3 * time.Minute, 0},
	} {
		if got := s.since(begin.Add(c.at)); got != c.want {
			t.Errorf("after %v: silent for %v, want %v", c.at, got, c.want)
		}
	}
}
