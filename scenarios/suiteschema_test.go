package scenarios

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Suites that the loader takes are right by the schema as well: all forms of them, and the examples that are shipped.
func TestSuiteSchemaTakes(t *testing.T) {
	t.Parallel()
	s := compile(t, SuiteSchema())
	files, err := filepath.Glob("testdata/suites/good/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range append(files, "../docs/examples/nightly.yaml", "../docs/examples/broker-compare.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		of := kinds
		if strings.Contains(file, "examples") {
			of = libraryKinds
		}
		if _, err := ParseSuite(file, data, Options{Kinds: of}); err != nil {
			t.Errorf("the loader refuses %v", err)
		}
		if places, ok := refusals(t, s, data); len(places) > 0 || !ok {
			t.Errorf("%s is refused at %v", file, places)
		}
	}
}

// Every mistake in the form of a suite is found by the schema in the same place; the golden file tells those that only the loader finds.
func TestSuiteSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := compile(t, SuiteSchema())
	files, err := filepath.Glob("testdata/suites/bad/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	var only strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseSuite(file, data, Options{Kinds: kinds})
		var all Errors
		if !errors.As(err, &all) {
			t.Fatalf("%s: got %v, want mistakes", file, err)
		}
		before := only.Len()
		unseen(t, s, data, all, &only)
		if places, _ := refusals(t, s, data); len(places) == 0 && before == only.Len() {
			t.Errorf("%s: nothing of it is refused", file)
		}
	}
	golden(t, "testdata/suites/loader-only.golden", only.String())
}

// suiteCandidates are values that only fields of suites take.
var suiteCandidates = []string{"quickstart", "[quickstart]", "[{ scenario: quickstart }]", "[smoke, { scenario: quickstart, repeat: 2 }]", "seeded", "as-written", "2027-01-31", "2027-13-99", `"2027-01-31"`,
	"{ load.rate: 5k/s }", "{ load.rate: [1/s, 2/s] }", "{ reason: flaky, until: 2027-01-31 }", "{ reason: flaky }", "{ dir: before }", "{ dir: before, fail-on-worse: true }", "{ fail-on-worse: true }"}

// What the loader takes, the schema takes, for every field of a suite and of its entries.
func TestSuiteSchemaTakesWhatTheLoaderTakes(t *testing.T) {
	t.Parallel()
	s := compile(t, SuiteSchema())
	taken := 0
	try := func(place, text string) {
		parts, _ := splitPath(place)
		_, err := ParseSuite("test.yaml", []byte(text), Options{Kinds: kinds})
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
	var walk func(section, string, string, string)
	walk = func(fields section, path, before, after string) {
		for _, f := range fields {
			for _, c := range slices.Concat(candidates, suiteCandidates) {
				try(join(path, f.name), before+f.name+": "+c+after)
			}
			if inner, ok := f.value.(needing); ok {
				walk(inner.section, join(path, f.name), before+f.name+": { ", " }"+after)
			}
		}
	}
	walk(newSuiteDraft("", nil, Options{}).fields(), "", "", "\n")
	walk((&suiteEntry{}).fields(), "scenarios[0]", "scenarios: [ { ", " } ]\n")
	if taken < 100 {
		t.Errorf("only %d of the candidates were taken by the loader", taken)
	}
}

// What an editor fills in where a field is left out is of the field's type.
func TestSchemaDefaults(t *testing.T) {
	t.Parallel()
	found := map[string]int{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if is, ok := v["default"]; ok {
				of, _ := v["type"].(string)
				found[of]++
				_, number := is.(float64)
				_, truth := is.(bool)
				if number != (of == "integer" || of == "number") || truth != (of == "boolean") {
					t.Errorf("the default %#v of a field of type %q", is, of)
				}
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	for _, text := range [][]byte{Schema(kinds), SuiteSchema()} {
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		walk(doc)
	}
	if found["integer"] == 0 || found["boolean"] == 0 || found["string"] == 0 {
		t.Errorf("defaults by type: %v", found)
	}
}
