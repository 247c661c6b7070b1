package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/report"
)

// A value is one value of a file: it reads itself from a node, and writes itself so that it reads the same.
type value interface {
	// read sets the value, or notes what is wrong with the node and leaves the value as it was.
	read(r *reader, field string, n *yaml.Node)
	// write returns nil where there is nothing to write.
	write() *yaml.Node
	// schema says what can be written. Whatever read takes, it takes; what only the loader can know, it lets pass.
	schema(*definitions) *schema
}

// scalar is a node of plain text.
func scalar(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// stringNode is a node that is read as text whatever the text looks like.
func stringNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

// text is a value in words.
type text struct {
	p     *string
	empty bool           // may be ""
	like  *regexp.Regexp // nil: anything
	want  string         // what like asks for
}

func (t text) read(r *reader, field string, n *yaml.Node) {
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n):
		r.note(n, field, "", "wants text, not %s", kindOf(n))
	case n.ShortTag() != "!!str":
		r.note(n, field, "", "wants text; put %s in quotes", n.Value)
	case !t.empty && strings.TrimSpace(n.Value) == "":
		r.note(n, field, "", "is empty; write something, or leave the line out")
	case t.like != nil && !t.like.MatchString(n.Value):
		r.note(n, field, "", "%s cannot be used; write %s", quoted(n.Value), t.want)
		*t.p = n.Value // what refers to it is right
	default:
		*t.p = n.Value
	}
}

func (t text) write() *yaml.Node {
	if *t.p == "" && !t.empty {
		return nil
	}
	return stringNode(*t.p)
}

// wordSyntax is for what becomes part of file names and of expectations.
var wordSyntax = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

func word(p *string) text {
	return text{p: p, like: wordSyntax, want: "one word of letters, digits, dots and dashes"}
}

// choice is one of a few words.
type choice struct {
	p  *string
	of []string
}

func (c choice) read(r *reader, field string, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || !slices.Contains(c.of, n.Value) {
		r.note(n, field, report.Suggest(n.Value, c.of), "wants %s, not %s", oneOf(c.of), kindOf(n))
		return
	}
	*c.p = n.Value
}

func (c choice) write() *yaml.Node {
	if *c.p == "" {
		return nil
	}
	return scalar(*c.p)
}

// oneOf prints a choice: "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// truth is true or false.
type truth struct{ p *bool }

func (f truth) read(r *reader, field string, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Value != "true" && n.Value != "false" {
		r.note(n, field, "", "wants true or false, not %s", kindOf(n))
		return
	}
	*f.p = n.Value == "true"
}

func (f truth) write() *yaml.Node { return scalar(strconv.FormatBool(*f.p)) }

// number is a whole number within bounds.
type number struct {
	p           *int
	least, most int
}

func (v number) read(r *reader, field string, n *yaml.Node) {
	i, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil:
		r.note(n, field, "", "wants a whole number, not %s", kindOf(n))
	case i < v.least || i > v.most:
		r.note(n, field, "", "%d is out of bounds; write a number from %d to %d", i, v.least, v.most)
	default:
		*v.p = i
	}
}

func (v number) write() *yaml.Node { return scalar(strconv.Itoa(*v.p)) }

// seed is what all chance is drawn from.
type seed struct{ p *uint64 }

func (v seed) read(r *reader, field string, n *yaml.Node) {
	i, err := strconv.ParseUint(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil {
		r.note(n, field, "", "wants a whole number from 0 on, not %s", kindOf(n))
		return
	}
	*v.p = i
}

func (v seed) write() *yaml.Node { return scalar(strconv.FormatUint(*v.p, 10)) }

// count is how many of something in words.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
