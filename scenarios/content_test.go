package scenarios

import (
	"math"
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/seed-228c25e4/squall/loadgen"
)

func TestContent(t *testing.T) {
	t.Parallel()
	robin, uniform := loadgen.RoundRobinKeys(7), loadgen.UniformKeys(10_000)
	for text, want := range map[string]struct {
		load Load
		line string // of explain
	}{
		"size: { list: [ { size: 100B, weight: 9 }, { size: 1.1KB, weight: 1 } ] }": {
			Load{Size: 200, Sizes: &loadgen.Weighted{{Size: 100, Weight: 9}, {Size: 1100, Weight: 1}}}, "1,000/s of 100B to 1100B, 200B on average"},
		"{ size: { log-normal: { median: 500B, sigma: 0.5, min: 500B, max: 500B } } }": {
			Load{Size: 500, Sizes: &loadgen.LogNormal{Median: 500, Sigma: 0.5, Min: 500, Max: 500}}, "1,000/s of 500B to 500B, 500B on average"},
		"{ rate: 1MB/s, size: { list: [ { size: 100B, weight: 1 }, { size: 300B, weight: 1 } ] } }": {
			Load{Size: 200, Sizes: &loadgen.Weighted{{Size: 100, Weight: 1}, {Size: 300, Weight: 1}}}, "5,000/s of 100B to 300B, 200B on average"},
		"keys: { round-robin: 7 }": {Load{Size: 1024, Keys: &robin, Spread: loadgen.Spread{ByKey: true}}, "7 keys one after the other"},
		"keys: { uniform: 10000 }": {Load{Size: 1024, Keys: &uniform, Spread: loadgen.Spread{ByKey: true}}, "10,000 keys at random"},
		"{ keys: { zipf: { keys: 10, exponent: 1.1 } }, partitions: round-robin }": {
			Load{Size: 1024, Keys: &loadgen.ZipfKeys{Keys: 10, Exponent: 1.1}}, "10 keys by Zipf's law with exponent 1.1, partitions in turn"},
		"{ keys: none, partitions: { weights: [5, 1, 0, 0, 0, 0.5] } }": {
			Load{Size: 1024, Spread: loadgen.Spread{Weights: []float64{5, 1, 0, 0, 0, 0.5}}}, "partitions by weight"},
		"body: random":                  {Load{Size: 1024}, ""},
		"body: { compressible: 33.3% }": {Load{Size: 1024, Body: Body{Compressible: 0.333}}, ""},
		"body: { file: sub/body.json }": {Load{Size: 1024, Body: Body{File: "sub/body.json", Data: []byte("{}")}}, ""},
	} {
		o := Options{Kinds: kinds, Files: fstest.MapFS{"sub/body.json": {Data: []byte("{}")}}}
		if text[0] != '{' {
			text = "{ " + text + " }"
		}
		s, err := Parse("x.yaml", []byte("broker: { kind: kafka }\nload: "+text), o)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		l := s.Load
		got := Load{Size: l.Size, Sizes: l.Sizes, Keys: l.Keys, Body: l.Body, Spread: l.Spread}
		if line := l.KeysText(); l.Sizes != nil {
			line = l.Pace() + " of " + l.SizeText()
			if line != want.line {
				t.Errorf("%s: told as %q, want %q", text, line, want.line)
			}
		} else if line != want.line {
			t.Errorf("%s: told as %q, want %q", text, line, want.line)
		}
		if !reflect.DeepEqual(got, want.load) {
			t.Errorf("%s: got %+v, want %+v", text, got, want.load)
		}
		again, err := Parse("x.yaml", Effective(s), o)
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%s: written and read again: %+v, %v\n%s", text, again, err, Effective(s))
		}
	}
}

func TestSmallestShare(t *testing.T) {
	t.Parallel()
	s := mustParse(t, "broker: { kind: kafka }\ntopic: { partitions: 4 }\nload: { rate: 100/s, partitions: { weights: [5, 4, 1, 0] } }")
	if got := s.SlowestPartition(); math.Abs(got-10) > 1e-9 {
		t.Errorf("the slowest partition gets %v a second, want 10", got)
	}
}

// TestBodiesRepeat: bodies may repeat themselves only where nobody compresses them, or a share that compression takes away would be another one.
func TestBodiesRepeat(t *testing.T) {
	t.Parallel()
	plain := func() *Scenario {
		s := &Scenario{}
		s.Load.Producers.Compression = "none"
		return s
	}
	if plain().Bodies() != nil {
		t.Error("random bodies that nobody compresses are made anew")
	}
	for name, change := range map[string]func(*Scenario){
		"the client compresses": func(s *Scenario) { s.Load.Producers.Compression = "zstd" },
		"the broker compresses": func(s *Scenario) { s.Topic.Config = map[string]string{"compression.type": "lz4"} },
		"a share is asked for":  func(s *Scenario) { s.Load.Body.Compressible = 0.5 },
		"they come from a file": func(s *Scenario) { s.Load.Body.File, s.Load.Body.Data = "a", []byte("a") },
	} {
		s := plain()
		if change(s); s.Bodies() == nil {
			t.Errorf("%s, and bodies repeat themselves", name)
		}
	}
}
