package links

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

func TestMerge(t *testing.T) {
	ms := time.Millisecond
	for name, c := range map[string]struct {
		in   []broker.Impairment
		want broker.Impairment
		err  string
	}{
		"nothing": {},
		"delays and jitters sum": {
			in: []broker.Impairment{
				broker.Both(broker.Half{Delay: 20 * ms, Jitter: 5 * ms}),
				{Requests: broker.Half{Delay: 30 * ms, Jitter: 10 * ms}},
			},
			want: broker.Impairment{Requests: broker.Half{Delay: 50 * ms, Jitter: 15 * ms}, Replies: broker.Half{Delay: 20 * ms, Jitter: 5 * ms}},
		},
		"the lowest rate wins, and none is no rate": {
			in:   []broker.Impairment{broker.Both(broker.Half{Rate: 500}), {Requests: broker.Half{Rate: 900}}, {Replies: broker.Half{Rate: 100}}, {}},
			want: broker.Impairment{Requests: broker.Half{Rate: 500}, Replies: broker.Half{Rate: 100}},
		},
		"the smallest slice and the longest pause win": {
			in:   []broker.Impairment{broker.Both(broker.Half{Slice: 50, Pause: ms}), {Requests: broker.Half{Slice: 9}}, {Replies: broker.Half{Slice: 90, Pause: 2 * ms}}, {}},
			want: broker.Impairment{Requests: broker.Half{Slice: 9, Pause: ms}, Replies: broker.Half{Slice: 50, Pause: 2 * ms}},
		},
		"a pause alone": {in: []broker.Impairment{{Requests: broker.Half{Pause: ms}}}, err: "there is no slice"},
		"any hold holds": {
			in:   []broker.Impairment{{Requests: broker.Half{Hold: true}}, {Requests: broker.Half{Delay: ms}}, {Replies: broker.Half{Drop: true}}},
			want: broker.Impairment{Requests: broker.Half{Hold: true, Delay: ms}, Replies: broker.Half{Drop: true}},
		},
		"any refusal refuses": {
			in:   []broker.Impairment{{Refuse: true}, broker.Both(broker.Half{Delay: ms})},
			want: broker.Impairment{Refuse: true, Requests: broker.Half{Delay: ms}, Replies: broker.Half{Delay: ms}},
		},
		"limits, ends and resets": {
			in: []broker.Impairment{
				{Requests: broker.Half{Limit: 900, Close: ms}, Reset: true, After: 9 * ms}, {Requests: broker.Half{Limit: 500, Close: 2 * ms}},
				{Reset: true, After: 4 * ms},
			},
			want: broker.Impairment{Requests: broker.Half{Limit: 500, Close: 3 * ms}, Reset: true, After: 4 * ms},
		},
		"no share":            {in: []broker.Impairment{{Share: 1.5}}, err: "between 0 and 1"},
		"after nothing":       {in: []broker.Impairment{{After: ms}}, err: "no reset"},
		"hold and drop":       {in: []broker.Impairment{{Replies: broker.Half{Hold: true}}, {Replies: broker.Half{Drop: true}}}, err: "replies: cannot hold and drop"},
		"too much jitter":     {in: []broker.Impairment{{Requests: broker.Half{Delay: ms, Jitter: 2 * ms}}}, err: "requests: the jitter (2ms) is larger than the delay (1ms)"},
		"a negative delay":    {in: []broker.Impairment{{Requests: broker.Half{Delay: -ms}}}, err: "negative"},
		"wrong though mended": {in: []broker.Impairment{{Requests: broker.Half{Jitter: ms}}, {Requests: broker.Half{Delay: 2 * ms}}}, err: "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := merge(c.in...)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}
