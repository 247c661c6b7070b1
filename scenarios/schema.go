package scenarios

import (
	"bytes"
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/faults"
)

// A schema is a JSON Schema (draft-07), or a part of one. Its zero value takes anything.
type schema struct {
	Draft       string     `json:"$schema,omitempty"`
	Ref         string     `json:"$ref,omitempty"` // draft-07 looks at nothing beside it
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Type        string     `json:"type,omitempty"`
	Enum        []any      `json:"enum,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	Minimum     *float64   `json:"minimum,omitempty"`
	Above       *float64   `json:"exclusiveMinimum,omitempty"`
	Maximum     *float64   `json:"maximum,omitempty"`
	Items       *schema    `json:"items,omitempty"`
	MinItems    int        `json:"minItems,omitempty"`
	MaxItems    int        `json:"maxItems,omitempty"`
	Properties  properties `json:"properties,omitempty"`
	Others      any        `json:"additionalProperties,omitempty"` // false, or a *schema
	MinFields   int        `json:"minProperties,omitempty"`
	MaxFields   *int       `json:"maxProperties,omitempty"`
	Required    []string   `json:"required,omitempty"`
	AnyOf       []*schema  `json:"anyOf,omitempty"`
	Default     any        `json:"default,omitempty"`
	Definitions properties `json:"definitions,omitempty"`

	vital bool // what holds it cannot do without it
}

// properties are named schemas, in order.
type properties []property

type property struct {
	name string
	is   *schema
}

// MarshalJSON keeps the order.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, one := range p {
		name, err := plainJSON(one.name)
		if err != nil {
			return nil, err
		}
		is, err := plainJSON(one.is)
		if err != nil {
			return nil, err
		}
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		b.Write(name)
		b.WriteByte(':')
		b.Write(is)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plainJSON leaves signs such as < as they are, which people read.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// definitions are the parts of a schema that are told once and used in several places.
type definitions struct{ all properties }

// ref refers to a definition, and makes it when it is asked for first.
func (d *definitions) ref(name string, make func() *schema) *schema {
	for _, one := range d.all {
		if one.name == name {
			return &schema{Ref: "#/definitions/" + name}
		}
	}
	is := new(schema)
	d.all = append(d.all, property{name, is}) // before it is made: a sequence may hold sequences
	*is = *make()
	return &schema{Ref: "#/definitions/" + name}
}

// Schema returns the JSON Schema (draft-07) of scenario files, made of the same fields that Parse reads: editors complete and check by it. What Parse
// takes it takes; of what it takes, Parse may still refuse what only a look at the whole can tell, such as a fault of a name that there is not.
func Schema(kinds map[string]broker.Kind) []byte {
	d := &draft{s: defaults(), kinds: kinds}
	d.derive()
	return document(d.fields(), "A scenario of squall", "What cluster, what load, which faults, and what is expected of it all.")
}

// SuiteSchema returns the JSON Schema (draft-07) of suite files, made of the same fields that ParseSuite reads. What ParseSuite takes it takes; which
// scenarios there are, and what their fields may be set to, only ParseSuite knows.
func SuiteSchema() []byte {
	return document(newSuiteDraft("", nil, Options{}).fields(), "A suite of squall", "What runs, one after another, what it may take, and what it is held against.")
}

// document is the schema of a whole file.
func document(fields section, title, about string) []byte {
	var defs definitions
	s := fields.schema(&defs)
	s.Draft, s.Title, s.Description = "http://json-schema.org/draft-07/schema#", title, about
	s.Definitions = defs.all
	text, err := plainJSON(s)
	if err != nil {
		panic(err) // of plain words and numbers
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		panic(err) // it was just written
	}
	return append(b.Bytes(), '\n')
}

// schema of a section: every field with what it is for, and what it is when it is left out.
func (s section) schema(d *definitions) *schema {
	all := &schema{Type: "object", Others: false}
	for _, f := range s {
		p := f.value.schema(d)
		if p.vital {
			all.Required, all.vital = append(all.Required, f.name), true
		}
		if p.Ref == "" {
			p.Description = f.about
			p.Default = standard(f.value, p.Type)
		}
		all.Properties = append(all.Properties, property{f.name, p})
	}
	return all
}

// standard is what a value of that type is when the file does not say; nil: that is not one word or number. Editors write it into a file as it is here, so
// that a number is none in quotes.
func standard(v value, of string) any {
	n := v.write()
	if n == nil || n.Kind != yaml.ScalarNode {
		return nil
	}
	switch of {
	case "integer", "number", "boolean":
		return json.RawMessage(n.Value)
	}
	return n.Value
}

// needing is a section that says nothing without these fields, which its owner asks for in words of its own.
type needing struct {
	section
	fields []string
}

// schema of a section with fields that it cannot do without.
func (v needing) schema(d *definitions) *schema {
	s := v.section.schema(d)
	s.Required = append(s.Required, v.fields...)
	return s
}

// schema of a whole section: every field must be there, so none has a default.
func (v whole) schema(d *definitions) *schema {
	s := v.section.schema(d)
	s.Required = v.section.names()
	for _, p := range s.Properties {
		p.is.Default = nil
	}
	return s
}

// oneVariant takes one of several forms.
func oneVariant(d *definitions, of []variant) *schema {
	fields := make(section, len(of))
	for i, v := range of {
		fields[i] = field{v.name, v.value, v.about}
	}
	s := fields.schema(d)
	s.MinFields, s.MaxFields = 1, new(1)
	for _, p := range s.Properties {
		p.is.Default = nil
	}
	return s
}

// listOf takes a list of at least one; most 0: of any number.
func listOf(items *schema, most int) *schema {
	return &schema{Type: "array", Items: items, MinItems: 1, MaxItems: most}
}

// either takes what one of them takes.
func either(of ...*schema) *schema { return &schema{AnyOf: of} }

// oneWord takes these words alone.
func oneWord(words ...string) *schema {
	s := &schema{}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

// sentence makes one of a fault parameter's line.
func sentence(about string) string {
	if about == "" {
		return ""
	}
	return strings.ToUpper(about[:1]) + about[1:] + "."
}

// forms are the ways to write a target.
func forms(of faults.TargetType) string {
	var all []string
	for _, f := range faults.Forms() {
		if f.Type == of {
			all = append(all, f.Write+" ("+f.About+")")
		}
	}
	return strings.Join(all, "; ")
}

// conditionForms are the ways to write a condition.
func conditionForms() string {
	var all []string
	for _, f := range faults.ConditionForms() {
		all = append(all, f[0]+" ("+f[1]+")")
	}
	return strings.Join(all, "; ")
}
