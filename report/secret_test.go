package report

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestIsSecret(t *testing.T) {
	for _, name := range []string{
		"ssl.keystore.password", "ssl.key.password", "ssl.truststore.password", "ssl.keystore.key", "ssl.keystore.certificate.chain", "ssl.truststore.certificates",
		"sasl.jaas.config", "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config", "delegation.token.secret.key", "delegation.token.master.key",
		"password.encoder.secret", "password.encoder.old.secret", "sasl.oauthbearer.client.credentials.client.secret", "basic.auth.credentials", "default_pass", "erlang_cookie",
		"javax.net.ssl.keyStorePassword", "SSL.KEY.PASSPHRASE", "api-key", "private_key", "broker.config[ssl.keystore.password]", "broker.config.ssl.key.password", "PASSWORD", "pwd",
	} {
		if !IsSecret(name) {
			t.Errorf("%s is told", name)
		}
	}
	for _, name := range []string{
		"password.encoder.iterations", "password.encoder.key.length", "password.encoder.cipher.algorithm", "delegation.token.max.lifetime.ms", "delegation.token.expiry.check.interval.ms",
		"sasl.oauthbearer.token.endpoint.url", "ssl.keystore.location", "ssl.keystore.type", "broker.config[password.encoder.iterations]",
		"min.insync.replicas", "compression.type", "bypass.cache", "keys", "rate", "compass", "",
	} {
		if IsSecret(name) {
			t.Errorf("%s is hidden", name)
		}
	}
}

func TestHideNamed(t *testing.T) {
	for text, want := range map[string]string{
		`ssl.key.password = hunter22, retries=3`:                   `ssl.key.password = ***, retries=3`,
		`{ "password": "a \"b\" c", 'token': 'x y', "name": "n" }`: `{ "password": ***, 'token': ***, "name": "n" }`,
		`-Djavax.net.ssl.keyStorePassword=abc -Xmx1g`:              `-Djavax.net.ssl.keyStorePassword=*** -Xmx1g`,
		`broker.config[ssl.key.password]=abc`:                      `broker.config[ssl.key.password]=***`,
		`Plain required username="admin" password="hunter22";`:     `Plain required username="admin" password=***;`,
		`proxy http://me:hunter22@proxy:3128/ answers`:             `proxy http://***@proxy:3128/ answers`,
		`password.encoder.iterations=4096`:                         `password.encoder.iterations=4096`,
		`/etc/passwd: files are read, a/b.token=x y`:               `/etc/passwd: files are read, a/b.token=*** y`,
		`the password was wrong, at 12:30: try again`:              `the password was wrong, at 12:30: try again`,
		`lost == 0, ack.p99 < 1s during baseline`:                  `lost == 0, ack.p99 < 1s during baseline`,
	} {
		if got := HideNamed(text); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
		if again := HideNamed(HideNamed(text)); again != want {
			t.Errorf("%s\nagain %s", text, again)
		}
	}
	if got := HideSetting("broker.config.ssl.key.password=two words"); got != "broker.config.ssl.key.password=***" {
		t.Error(got)
	}
	if got := NamedSecrets(`-Dssl.keyPassword="a b" -Dx=y`); !slices.Equal(got, []string{"a b"}) {
		t.Error(got)
	}
}

// A secret is found wherever it stands, unless it is too short or one of the run's own words; the words alone then stay.
func TestSecretsHide(t *testing.T) {
	s := NewSecrets([]string{"hunter22", "hunter22-and-more", "abc", "orders", "Plain required username=\"admin\" password=\"tiger-lily\" user_bob=\"bobs-own\";"}, []string{"the orders topic"})
	for text, want := range map[string]string{
		"x hunter22 y hunter22-and-more": "x *** y ***",
		"abc of orders":                  "abc of orders",
		"it wrote tiger-lily, bobs-own":  "it wrote ***, ***",
		"orders/3, token: abc":           "orders/3, token: ***",
	} {
		if got := s.Hide(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	settings := map[string]string{"ssl.key.password": "abc", "other": "is hunter22", "plain": "yes", "empty.password": ""}
	want := map[string]string{"ssl.key.password": "***", "other": "is ***", "plain": "yes", "empty.password": ""}
	if got := s.HideSettings(settings); !maps.Equal(got, want) {
		t.Error(got)
	}
}

// However deep a secret is, nothing else changes, and not what the copy was made of.
func TestHidden(t *testing.T) {
	const secret = "hunter22"
	made := func(planted string) *Report {
		return &Report{
			Verdict:  Verdict{Outcome: Fail, Sentence: "fail: " + planted, ExitCode: 11, Reasons: []Reason{{Text: planted}}},
			Run:      Run{Command: []string{"squall", planted}, Broker: Broker{Config: map[string]string{"b": planted}}, Plan: &Plan{Faults: []Planned{{Params: planted}}}, Started: time.Unix(7, 0)},
			Crashes:  []Crash{{Node: "b1", Log: []string{"x" + planted}}},
			Faults:   []Fault{{Name: "f", Evidence: []string{planted}, Victims: []string{}}},
			Windows:  []Window{{Errors: map[string]uint64{"refused " + planted: 3}, Latency: Latency{Ack: Histogram{Buckets: []Bucket{{Value: 1, Count: 2}}}}}},
			Findings: []string{planted},
		}
	}
	r := made(secret)
	s := NewSecrets([]string{secret}, nil)
	got := Hidden(s, r)
	if want := made(Stars); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if !reflect.DeepEqual(r, made(secret)) {
		t.Error("what was copied has changed")
	}
	text, err := json.Marshal(got)
	if err != nil || strings.Contains(string(text), secret) {
		t.Error(err, string(text))
	}
	if Hidden(Secrets{}, r) != r {
		t.Error("copied for nothing")
	}
	two := Window{Errors: map[string]uint64{"a hunter22": 3, "a ***": 4}}
	if sum := Hidden(s, two).Errors; len(sum) != 1 || sum["a ***"] != 7 {
		t.Error(sum)
	}
}
