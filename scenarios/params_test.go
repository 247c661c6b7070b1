package scenarios

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
)

// every is a fault with a parameter of each type.
type every struct {
	After time.Duration
	Times int
	Hard  bool
	To    string
	How   string
	Files []string
	Size  faults.Bytes
	Rate  faults.BytesPerSecond
	Share faults.Share
	Part  faults.Partition
}

func (*every) Inject(context.Context, faults.Victims) (faults.Revert, error) {
	panic("nobody injects it")
}
func (*every) Check() error { return nil }
func (e *every) Params() []faults.Param {
	return []faults.Param{
		{Name: "after", Value: &e.After}, {Name: "times", Value: &e.Times}, {Name: "hard", Value: &e.Hard}, {Name: "to", Value: &e.To},
		{Name: "how", Value: &e.How, OneOf: []string{"soft", "hard"}}, {Name: "files", Value: &e.Files}, {Name: "size", Value: &e.Size},
		{Name: "rate", Value: &e.Rate}, {Name: "share", Value: &e.Share}, {Name: "part", Value: &e.Part},
	}
}

func readParams(t *testing.T, text string) (*every, Errors) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	r := reader{notebook: newNotebook("x.yaml", []byte(text)), places: map[string]*yaml.Node{}}
	e := &every{}
	params(e).read(&r, "fault", doc.Content[0])
	return e, r.mistakes
}

// Each type of parameter is read with its unit, and what is written reads the same.
func TestParamsReadAsWritten(t *testing.T) {
	t.Parallel()
	got, mistakes := readParams(t, "{ after: 1.5s, times: 3, hard: true, to: b2, how: soft, files: ['*.log', b], size: 10MiB, rate: 1MiB/s, share: 28.5%, part: 7 }")
	want := &every{After: 1500 * time.Millisecond, Times: 3, Hard: true, To: "b2", How: "soft", Files: []string{"*.log", "b"}, Size: 10 << 20, Rate: 1 << 20, Share: 0.285, Part: 7}
	if len(mistakes) > 0 || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, %v", got, mistakes)
	}
	data, err := yaml.Dump(params(got).write())
	if err != nil {
		t.Fatal(err)
	}
	if again, mistakes := readParams(t, string(data)); len(mistakes) > 0 || !reflect.DeepEqual(again, want) {
		t.Errorf("%+v, %v, of\n%s", again, mistakes, data)
	}
	if one, _ := readParams(t, "{ files: b }"); !reflect.DeepEqual(one.Files, []string{"b"}) {
		t.Errorf("one file alone: %q", one.Files)
	}
}

func TestBadParams(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"after: 5":            "5 has no unit; write 5s, or 5ms",
		"times: many":         "wants a whole number",
		"hard: maybe":         "wants true or false",
		"to: 3":               "put 3 in quotes",
		"how: softly":         `did you mean "soft"?`,
		"files: {}":           "wants a list such as [a, b]",
		"files: [1]":          "put 1 in quotes",
		"size: 10":            "10 has no unit; write a size as in 10MiB",
		"size: 10XB":          "is not a size",
		"size: 1e30MB":        "is not a size",
		"size: 9999999999GiB": "more than any machine has",
		"rate: 10":            "10 has no unit; write a rate as in 1MiB/s",
		"rate: 1MiB":          "is not a rate",
		"rate: [1]":           "wants a rate such as 1MiB/s",
		"share: 0.5":          "0.5 has no unit; write a share such as 50%",
		"share: 120%":         "out of bounds",
		"part: b1":            "wants a partition's number, or all",
		"part: [1]":           "wants a partition's number, or all",
	} {
		if e, mistakes := readParams(t, fmt.Sprintf("{ %s }", text)); len(mistakes) != 1 || !strings.Contains(mistakes[0].Error(), want) {
			t.Errorf("%s: %v, want %s; read as %+v", text, mistakes, want, e)
		}
	}
}
