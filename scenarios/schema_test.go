package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	errorkind "github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
)

// compiled is the schema of scenarios as a validator of others reads it.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	return compile(t, Schema(libraryKinds))
}

func compile(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("squall.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("squall.schema.json") // is held against draft-07's own schema, too
	if err != nil {
		t.Fatal(err)
	}
	if s.DraftVersion != 7 {
		t.Fatalf("draft %d", s.DraftVersion)
	}
	return s
}

// asJSON is what an editor holds against the schema. Aliases are words: a bomb stays as small as it is.
func asJSON(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return asJSON(n.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = asJSON(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, asJSON(c))
		}
		return list
	case yaml.AliasNode:
		return "*" + n.Value
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true"
	case "!!int", "!!float":
		return parse(n.Value)
	}
	return n.Value
}

// refusals returns where the schema refuses a text, as --set names the places; ok is false where it is no YAML.
func refusals(t testing.TB, s *jsonschema.Schema, text []byte) (places [][]string, ok bool) {
	t.Helper()
	var doc yaml.Node
	if yaml.Load(text, &doc) != nil || len(doc.Content) == 0 {
		return nil, false
	}
	err := s.Validate(asJSON(&doc))
	var wrong *jsonschema.ValidationError
	if err != nil && !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if _, branches := e.ErrorKind.(*errorkind.AnyOf); branches || len(e.Causes) == 0 {
			places = append(places, e.InstanceLocation)
		}
		if lacks, ok := e.ErrorKind.(*errorkind.Required); ok {
			for _, name := range lacks.Missing {
				places = append(places, append(slices.Clone(e.InstanceLocation), name))
			}
		}
		for _, c := range e.Causes {
			walk(c)
		}
	}
	if wrong != nil {
		walk(wrong)
	}
	return places, true
}

// What is right is right by the schema as well: the library, and each scenario of it with everything filled in.
func TestSchemaTakesTheLibrary(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for _, name := range Library() {
		file, data, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		scenario, err := Parse(file, data, Options{Kinds: libraryKinds})
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string][]byte{"as it is": data, "filled in": Effective(scenario)} {
			if places, ok := refusals(t, s, text); len(places) > 0 || !ok {
				t.Errorf("%s %s is refused at %v", name, what, places)
			}
		}
	}
	if places, _ := refusals(t, s, []byte(example)); len(places) > 0 {
		t.Errorf("the example is refused at %v", places)
	}
}

// structural are mistakes in the form of a file, which the schema has to refuse as well.
var structural = regexp.MustCompile(`^there is no field (?:")|^wants |has no unit|is not an? (duration|size|rate|share)|out of bounds|^has no .*; write it as in|^which kind of broker|there is no metric|cannot read|is no verdict`)

// beyond are mistakes in form that hang on something else: what a metric is counted in, what faults are called, how long a month is, what a suite sets in a scenario.
var beyond = regexp.MustCompile(`^expect\[\d+\]: .* is not a (duration|share)|^faults\[\d+\]\.after: wants a fault that is over|\.until: wants a day .* not "\d{4}-\d\d-|^scenarios\[\d+\]\.set\.`)

// Every mistake that the loader finds in the form of a file is found by the schema in the same place. The others are in a golden file, which is there to be
// read: what an editor can't tell.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var only strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(filepath.Base(file), data, Options{Kinds: kinds, Files: Folder(file)})
		var all Errors
		if !errors.As(err, &all) {
			t.Fatalf("got %v, want mistakes", err)
		}
		unseen(t, s, data, all, &only)
	}
	golden(t, "testdata/loader-only.golden", only.String())
}

// unseen writes down the mistakes of a text that the schema takes. None of them may be one of form.
func unseen(t *testing.T, s *jsonschema.Schema, data []byte, all Errors, only *strings.Builder) {
	t.Helper()
	places, ok := refusals(t, s, data)
	if !ok {
		return // every editor sees that it is no YAML
	}
	for _, m := range all {
		place, _ := splitPath(m.Field)
		if slices.ContainsFunc(places, func(p []string) bool { return slices.Equal(p, place) }) {
			continue
		}
		fmt.Fprintf(only, "%s:%d: %s: %s\n", m.File, m.Line, m.Field, m.Message)
		if structural.MatchString(m.Message) && !beyond.MatchString(m.Field+": "+m.Message) {
			t.Errorf("%s:%d: %s: %s: the schema takes it", m.File, m.Line, m.Field, m.Message)
		}
	}
}

// candidates are values of all forms, right in some fields and wrong in others.
var candidates = []string{
	"5", "0", "-1", "+3", "0.5", "1e3", "007", "5s", "0s", "1h30m", "+1.5s", ".5s", "5.s", "-1s", "3 s", "100B", "1 KiB", "1.5MB", "1KiB/s", "2000/s", "5k/s", "120k/min", "50 MiB/s", "0/s",
	"50%", "0%", "007.5%", "100.0%", "101%", "true", "false", "yes", `"5"`, `"true"`, `"5s"`, `""`, `" "`, "word", "two words", "null", "[]", "{}", "[a, b]", "[1, 2]", "all", "none", "max", "random",
	"by-key", "default", "kafka", "containers", "external", "data", "b1", "leader", "producers -> leader", "consumer-0", "leader | rest", "lag > 10k", "fail(lost)", "pass", "{ uniform: 5 }",
	"{ compressible: 5% }", "{ poisson: 5/s }", "{ every: 5s }", "{ median: 5s, sigma: 1, max: 9s }", "{ weights: [1, 2, 3, 4, 5, 6] }", "{ steps: [{ rate: 1/s, for: 1s }] }",
	"{ list: [{ size: 1KiB, weight: 1 }] }", "{ a.b: 1, c: true, d: x }", "{ kafka: { a: 1 } }", "{ kafka: x }", "[lost == 0]", "[ lost<=5 , ack.p99 < 1s during baseline (warn) ]",
}

// What the loader takes, the schema takes: for every field, and for every parameter of every fault.
func TestSchemaTakesWhatTheLoaderTakes(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	taken := 0
	try := func(place, text string) {
		parts, _ := splitPath(place)
		_, err := Parse("test.yaml", []byte(text), Options{Kinds: kinds})
		var all Errors
		errors.As(err, &all)
		if (&notebook{mistakes: all}).wrong(place) {
			return
		}
		taken++
		places, _ := refusals(t, s, []byte(text))
		if slices.ContainsFunc(places, func(p []string) bool { return len(p) >= len(parts) && slices.Equal(p[:len(parts)], parts) }) {
			t.Errorf("the schema refuses %s in\n%s", place, text)
		}
	}
	d := &draft{s: defaults(), kinds: kinds}
	var walk func(section, string, string, string)
	walk = func(fields section, path, before, after string) {
		for _, f := range fields {
			for _, c := range candidates {
				try(join(path, f.name), before+f.name+": "+c+after)
			}
			if inner, ok := f.value.(section); ok {
				walk(inner, join(path, f.name), before+f.name+": { ", " }"+after)
			}
		}
	}
	walk(d.fields(), "", "", "\n")
	w := &written{file: steps{d}, in: alone, weight: 1}
	walk(w.fields(), "faults[0]", "faults: [ { ", " } ]\n")
	walk(w.fields(), "faults[0].sequence[0]", "faults: [ { at: 1s, sequence: [ { ", " } ] } ]\n")
	walk(randomFaults{w}.section(newRandom()), "faults[0].random", "faults: [ { at: 1s, for: 10m, random: { ", " } } ]\n")
	for _, k := range faults.Kinds() {
		if c, ok := k.New().(faults.Configurable); ok {
			walk(params(c), "faults[0]."+k.Name, "faults: [ { at: 1s, "+k.Name+": { ", " } } ]\n")
		}
	}
	if taken < 500 {
		t.Errorf("only %d of the candidates were taken by the loader", taken)
	}
}
