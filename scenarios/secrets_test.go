package scenarios

import (
	"strings"
	"testing"
)

const withSecrets = `
name: secrets
broker: { kind: kafka, run: containers, nodes: 1, jvm: "-Dmy.password=jvm-secret", config: { ssl.keystore.password: keystore-secret, short.password: abc, password.encoder.iterations: "4096" } }
topic: { partitions: 1, replicas: 1, config: { my.token: topic-secret } }
faults:
  - { name: change, at: 0s, for: 1s, alter-config: { of: topic, setting: ssl.key.password, to: fault-secret } }
  - name: some
    at: 2s
    sequence:
      - { at: 0s, for: 1s, alter-config: { of: topic, setting: other.secret, to: nested-secret } }
`

var planted = []string{"jvm-secret", "keystore-secret", "topic-secret", "fault-secret", "nested-secret"}

// What explain and a report tell of a scenario has none of its secrets, and everything else.
func TestSecretsAreNotTold(t *testing.T) {
	s, err := Parse("x.yaml", []byte(withSecrets), Options{Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	told := Explain(s, kinds["kafka"]) + string(Annotated(s, nil))
	for _, secret := range append(planted, "abc") {
		if strings.Contains(told, secret) {
			t.Errorf("%s is told:\n%s", secret, told)
		}
	}
	for _, text := range []string{"4096", "ssl.keystore.password: '***'", "-Dmy.password=***", "to ***", "there was a secret"} {
		if !strings.Contains(told, text) {
			t.Errorf("%s is not told:\n%s", text, told)
		}
	}
	log := "it wrote " + strings.Join(planted, ", ") + ", 4096"
	if got := s.Secrets().Hide(log); got != "it wrote ***, ***, ***, ***, ***, 4096" {
		t.Error(got)
	}
	if _, err := Parse("x.yaml", Annotated(s, nil), Options{Kinds: kinds}); err != nil {
		t.Error(err)
	}
}

// A mistake is told without the secret beside it, and its caret stays where it is.
func TestMistakesTellNoSecrets(t *testing.T) {
	const file = "name: x\nbroker: { kind: kafka, config: { ssl.key.password: hunter22 }, nodez: 3 }\n"
	_, err := Parse("x.yaml", []byte(file), Options{Kinds: kinds, Set: []string{"broker.config.a.password=hunter23", "nonsense.password=hunter24"}})
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Fatal(err)
	}
	lines := strings.Split(err.Error(), "\n")
	for i, l := range lines {
		if at := strings.Index(l, "nodez: 3"); strings.HasPrefix(l, "    broker") && (at < 0 || strings.Index(lines[i+1], "^") != at) {
			t.Errorf("%s\n%s", l, lines[i+1])
		}
	}
	if !strings.Contains(err.Error(), "--set broker.config.a.password=***") && !strings.Contains(err.Error(), "nonsense.password=***") {
		t.Error(err)
	}
}
