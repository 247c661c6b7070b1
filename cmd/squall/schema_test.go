package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

var update = flag.Bool("update", false, "write the golden files")

// holdsAgainst is an error where a JSON text is not as a schema has it.
func holdsAgainst(schema []byte, text string) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		return err
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		return err
	}
	is, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(is)
}

// The files at the top of the tree, which the library's and the examples' first lines name, are what squall schema prints.
func TestSchemaFiles(t *testing.T) {
	t.Parallel()
	for file, is := range map[string][]byte{"squall.schema.json": scenarios.Schema(kinds), "squall-suite.schema.json": scenarios.SuiteSchema()} {
		path := "../../" + file
		if *update {
			if err := os.WriteFile(path, is, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, is) {
			t.Errorf("%s is not what such files are now: go test ./cmd/squall -run TestSchemaFiles -update, and read what changed", file)
		}
	}
}

// An earlier report of the same version is one still; what is none is refused. Those of this squall are held against the schema by the scripts that make them.
func TestReportSchema(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../testdata/report-before-watch.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := holdsAgainst(report.Schema, string(data)); err != nil {
		t.Error(err)
	}
	for _, spoilt := range []string{`{}`, `[]`, strings.Replace(string(data), `"exit_code":`, `"code":`, 1), strings.Replace(string(data), `"seed":`, `"seed": "x", "was":`, 1)} {
		if holdsAgainst(report.Schema, spoilt) == nil {
			t.Errorf("the schema takes %.60s...", spoilt)
		}
	}
}
