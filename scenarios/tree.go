package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// tree reads the file's one document, which is a scenario. It returns nil where there is none to go on with.
func (b *notebook) tree(data []byte) *yaml.Node {
	root := b.document(data)
	switch {
	case root == nil:
		return nil
	case isNull(root):
		b.note(root, "", "", "the file is empty; `squall show quickstart` prints a scenario to start from")
		return nil
	case root.Kind != yaml.MappingNode:
		b.note(root, "", "", "a scenario is a mapping of fields such as name, broker and load, not %s", kindOf(root))
		return nil
	}
	return root
}

// document reads one document and takes YAML's own traps out of it. It returns nil where it cannot be read.
func (b *notebook) document(data []byte) *yaml.Node {
	if i, why := unreadable(data); why != "" {
		line := bytes.Count(data[:i], []byte("\n")) + 1
		column := utf8.RuneCount(data[bytes.LastIndexByte(data[:i], '\n')+1:i]) + 1
		b.add(Mistake{File: b.file, Line: line, Column: column, Message: why})
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		b.syntax(err)
		return nil
	}
	var doc, second yaml.Node
	if err := loader.Load(&doc); err != nil {
		b.syntax(err)
		return nil
	}
	switch err := loader.Load(&second); {
	case err == nil:
		b.note(&second, "", "", "a second document begins here; one file holds one scenario")
	case !errors.Is(err, io.EOF):
		b.syntax(err)
	}
	root := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: 1, Column: 1}
	if len(doc.Content) > 0 {
		root = doc.Content[0]
	}
	b.untrap(root)
	return root
}

// unreadable returns where the text stops being text, and why; an empty reason: it is text.
func unreadable(data []byte) (int, string) {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return i, "the file is not UTF-8 from here on"
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f:
			return i, fmt.Sprintf("the control character %U cannot stand in a file", r)
		}
		i += size
	}
	return 0, ""
}

// syntax tells what the YAML reader could not read.
func (b *notebook) syntax(err error) {
	if errors.Is(err, io.EOF) {
		b.add(Mistake{File: b.file, Line: 1, Column: 1, Message: "the file is empty; `squall show quickstart` prints a scenario to start from"})
		return
	}
	m := Mistake{File: b.file, Line: 1, Column: 1, Message: "this is no YAML: " + err.Error()}
	var load *yaml.LoadError
	if errors.As(err, &load) {
		m.Message = "this is no YAML: " + load.Message
		if load.ContextMsg != "" {
			m.Message += ", " + load.ContextMsg
		}
		m.Line, m.Column = max(load.Mark.Line, 1), max(load.Mark.Column, 1)
	}
	if m.Line <= len(b.lines) && strings.HasPrefix(strings.TrimLeft(b.lines[m.Line-1], " "), "\t") {
		m.Message += "; indent with spaces, not with tabs"
	}
	b.add(m)
}

// untrap tells what YAML can do and a scenario does not, and makes plain values of it, so that reading can go on.
func (b *notebook) untrap(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		b.noteOnce(n, "aliases", "aliases (*%s) are not read; write the value out", n.Value)
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line, Column: n.Column}
		b.given[n] = true
	case n.Style&yaml.TaggedStyle != 0:
		if n.Kind == yaml.ScalarNode && n.Value == "" {
			n.Value = strings.TrimLeft(n.Tag, "!") // what was meant, as in kill: !leader
		}
		b.note(n, "", "", "tags (%s) are not read; write the value alone", n.Tag)
		n.Style &^= yaml.TaggedStyle
		if n.Tag = "!!str"; n.Kind != yaml.ScalarNode {
			n.Tag = ""
		}
	}
	if n.Anchor != "" {
		b.noteOnce(n, "anchors", "anchors (&%s) are not read; write the value alone", n.Anchor)
	}
	if n.Kind == yaml.MappingNode {
		b.untrapKeys(n)
	}
	for _, c := range n.Content {
		b.untrap(c)
	}
}

// noteOnce tells of the first of many.
func (b *notebook) noteOnce(n *yaml.Node, of, format string, args ...any) {
	if !b.once[of] {
		b.once[of] = true
		b.note(n, "", "", format, args...)
	}
}

// untrapKeys removes the entries of a mapping whose keys cannot be used, and tells of them.
func (b *notebook) untrapKeys(n *yaml.Node) {
	seen := map[string]*yaml.Node{}
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		first, twice := seen[key.Value]
		switch {
		case key.Kind == yaml.AliasNode || key.Style&yaml.TaggedStyle != 0:
			b.note(key, "", "", "a key is a plain word, without tags and aliases")
		case key.Kind != yaml.ScalarNode:
			b.note(key, "", "", "a key is a plain word, not %s", kindOf(key))
		case key.ShortTag() == "!!merge":
			b.note(key, "", "", "merge keys (<<) are not read; write the fields out")
		case key.Style == 0 && slices.Contains(truths, strings.ToLower(key.Value)):
			b.note(key, "", "", "many readers of YAML take the key %s for true or false; put it in quotes, or use another word", key.Value)
		case twice:
			b.note(key, "", "", "%q stands here a second time; the first is in %s", key.Value, b.where(first))
		default:
			seen[key.Value] = key
			kept = append(kept, key, n.Content[i+1])
		}
	}
	n.Content = kept
}

// truths are the plain words that YAML 1.1 reads as true or false.
var truths = []string{"y", "n", "yes", "no", "on", "off", "true", "false"}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// kindOf says what a node is, for those who expected another thing.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return n.Value
	}
	return quoted(n.Value)
}

// quoted prints a value in quotes, cut where it is long.
func quoted(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "..."
	}
	return `"` + strings.ToValidUTF8(strings.Map(printable, s), "?") + `"`
}

func printable(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}
