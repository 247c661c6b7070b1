package kafka

import (
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

func TestSettingsThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		name          string
		broker, topic map[string]string
		field         string // "": nothing is wrong
	}{
		{"nothing said", nil, nil, ""},
		{"a session time-out", map[string]string{"broker.session.timeout.ms": "9000"}, nil, ""},
		{"a word for a number", map[string]string{"broker.session.timeout.ms": "soon"}, nil, "broker.config[broker.session.timeout.ms]"},
		{"the testbed's own", map[string]string{"log.dirs": "/tmp"}, nil, "broker.config[log.dirs]"},
		{"kept for ever", nil, map[string]string{"retention.ms": "-1"}, ""},
		{"kept long enough", nil, map[string]string{"retention.ms": "700000"}, ""},
		{"kept for as long as can be said", nil, map[string]string{"retention.ms": "9223372036854775807"}, ""},
		{"kept too short", nil, map[string]string{"retention.ms": "2000"}, "topic.config[retention.ms]"},
		{"kept too short by the broker", map[string]string{"log.retention.ms": "2000"}, nil, "broker.config[log.retention.ms]"},
		{"kept too short by minutes", map[string]string{"log.retention.minutes": "10"}, nil, "broker.config[log.retention.minutes]"},
		{"kept by hours", map[string]string{"log.retention.hours": "1"}, nil, ""},
		{"the topic says more", map[string]string{"log.retention.ms": "2000", "log.retention.bytes": "1"},
			map[string]string{"retention.ms": "-1", "retention.bytes": "-1"}, ""},
		{"so many bytes of a broker", map[string]string{"log.retention.bytes": "1000000"}, nil, "broker.config[log.retention.bytes]"},
		{"compacted by the broker", map[string]string{"log.cleanup.policy": "compact"}, nil, "broker.config[log.cleanup.policy]"},
		{"no name", map[string]string{"a b": "c"}, nil, "broker.config[a b]"},
		{"two lines", map[string]string{"log.message.format": "1\nlisteners=x"}, nil, "broker.config[log.message.format]"},
		{"a word for a number of threads", map[string]string{"num.io.threads": "many"}, nil, "broker.config[num.io.threads]"},
		{"no more than so many bytes", nil, map[string]string{"retention.bytes": "1000000"}, "topic.config[retention.bytes]"},
		{"as many bytes as there are", nil, map[string]string{"retention.bytes": "-1"}, ""},
		{"compacted", nil, map[string]string{"cleanup.policy": "compact,delete"}, "topic.config[cleanup.policy]"},
		{"a topic's word for a number", nil, map[string]string{"segment.bytes": "1MB"}, "topic.config[segment.bytes]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := checkConfig(broker.Settings{Config: tt.broker, Topic: broker.Topic{Config: tt.topic}, Length: time.Minute})
			if tt.field == "" && len(all) == 0 || len(all) == 1 && all[0].Field == tt.field {
				return
			}
			t.Errorf("told %+v, want one of %q", all, tt.field)
		})
	}
}
