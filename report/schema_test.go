package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// always are the fields that every report of this version has. What was added later may be missing in those that were written before.
var always = map[string][]string{
	"Report":  {"schema", "verdict", "run", "safety", "expectations", "faults", "phases", "windows"},
	"Verdict": {"outcome", "sentence", "reasons", "exit_code"},
	"Run":     {"id", "scenario", "seed", "started", "took_ns", "squall", "broker"},
}

// onDisk are types that are written as another one is.
var onDisk = map[reflect.Type]reflect.Type{reflect.TypeFor[Histogram](): reflect.TypeFor[histogramJSON]()}

// A drawer makes a schema of types.
type drawer struct {
	docs        map[string]string // what the source says of a type, and of a field as Type.Field
	words       map[string][]string
	definitions map[string]any
}

func TestSchemaIsUpToDate(t *testing.T) {
	t.Parallel()
	d := drawer{docs: map[string]string{}, words: map[string][]string{}, definitions: map[string]any{}}
	d.readSource(t)
	d.of(reflect.TypeFor[Report]())
	s := map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema#",
		"title":   "A report of squall",
		"description": "report.json at schema version " + strconv.Itoa(SchemaVersion) + ". Within a version fields are only ever added. Times are since the start of the run, " +
			"and they and lengths of time are whole nanoseconds, in fields that end in _ns.",
		"allOf":       []any{map[string]any{"$ref": "#/definitions/Report"}},
		"definitions": d.definitions,
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("report.schema.json", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(b.Bytes(), Schema) {
		t.Error("report.schema.json is not what the types are now: go test ./report -run TestSchemaIsUpToDate -update, and read what changed")
	}
}

// of returns the schema of a type; structs are told once and referred to.
func (d *drawer) of(t reflect.Type) map[string]any {
	name := t.Name()
	if as, ok := onDisk[t]; ok {
		t = as
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return d.of(t.Elem())
	case t.Kind() == reflect.Struct:
		if _, known := d.definitions[name]; !known {
			d.definitions[name] = nil // it may hold itself
			d.definitions[name] = d.object(t)
		}
		return map[string]any{"$ref": "#/definitions/" + name}
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": []string{"array", "null"}, "items": d.of(t.Elem())}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": d.of(t.Elem())}
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return map[string]any{"type": "integer"}
	case t.Kind() == reflect.Float64:
		return map[string]any{"type": "number"}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "string"}
}

// object is a struct with its fields; those of an embedded struct are its own, as encoding/json has it.
func (d *drawer) object(t reflect.Type) map[string]any {
	fields := map[string]any{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		owner := t
		if len(f.Index) > 1 {
			owner = t.Field(f.Index[0]).Type
		}
		fields[name] = d.field(owner, f)
	}
	s := map[string]any{"type": "object", "properties": fields}
	if about := d.docs[t.Name()]; about != "" {
		s["description"] = about
	}
	if must := always[t.Name()]; must != nil {
		s["required"] = must
	}
	return s
}

func (d *drawer) field(owner reflect.Type, f reflect.StructField) map[string]any {
	s := d.of(f.Type)
	var about []string
	if doc := d.docs[owner.Name()+"."+f.Name]; doc != "" {
		about = append(about, doc)
	}
	if words := d.words[f.Type.Name()]; words != nil {
		about = append(about, "One of: "+strings.Join(words, ", ")+".")
	}
	if len(about) == 0 {
		return s
	}
	if s["$ref"] != nil { // beside which draft-07 looks at nothing
		s = map[string]any{"allOf": []any{s}}
	}
	s["description"] = strings.Join(about, " ")
	return s
}

// readSource collects what the comments say, and the constants of each type of words.
func (d *drawer) readSource(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if general, ok := decl.(*ast.GenDecl); ok {
				for _, spec := range general.Specs {
					d.readSpec(general, spec)
				}
			}
		}
	}
	for _, words := range d.words {
		slices.Sort(words)
	}
}

func (d *drawer) readSpec(in *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		if of, ok := spec.Type.(*ast.Ident); ok && in.Tok == token.CONST && len(spec.Values) == 1 {
			if word, ok := spec.Values[0].(*ast.BasicLit); ok && word.Kind == token.STRING {
				text, _ := strconv.Unquote(word.Value)
				if text != "" {
					d.words[of.Name] = append(d.words[of.Name], text)
				}
			}
		}
	case *ast.TypeSpec:
		d.docs[spec.Name.Name] = plainText(in.Doc, spec.Doc)
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					d.docs[spec.Name.Name+"."+name.Name] = plainText(f.Doc, f.Comment)
				}
			}
		}
	}
}

// plainText is what comments say, in one line.
func plainText(of ...*ast.CommentGroup) string {
	var all []string
	for _, c := range of {
		all = append(all, strings.Fields(c.Text())...)
	}
	return strings.Join(all, " ")
}

// Every type and nearly every field is explained: the schema is what people read who write tools on top of it.
func TestSchemaExplains(t *testing.T) {
	t.Parallel()
	var s struct {
		Definitions map[string]struct {
			Description string
			Properties  map[string]struct{ Description string }
		}
	}
	if err := json.Unmarshal(Schema, &s); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Definitions)) {
		if s.Definitions[name].Description == "" {
			t.Errorf("%s is not explained", name)
		}
	}
	if len(s.Definitions) < 30 || s.Definitions["Safety"].Properties["lost"].Description == "" {
		t.Errorf("%d types, and lost is %+v", len(s.Definitions), s.Definitions["Safety"].Properties["lost"])
	}
}
