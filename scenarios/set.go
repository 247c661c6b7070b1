package scenarios

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// override puts what was set on the command line into the file's tree.
func (d *draft) override(root *yaml.Node, sets []string) {
	for _, set := range sets {
		if !utf8.ValidString(set) {
			d.add(Mistake{File: "--set " + strings.ToValidUTF8(set, "\uFFFD"), Message: "this is not UTF-8"})
			continue
		}
		path, text, ok := strings.Cut(set, "=")
		if !ok {
			d.add(Mistake{File: "--set " + set, Message: "write FIELD=VALUE, as in load.rate=5k/s"})
			continue
		}
		// A setting's name has dots, never an equals sign; what follows the first one is the value.
		steps, ok := splitPath(path)
		if !ok {
			d.add(Mistake{File: "--set " + set, Message: "write the field with dots between its parts, and a key that has dots itself in brackets, as in topic.config[min.insync.replicas]=1"})
			continue
		}
		d.replace(root, set, steps, text)
	}
}

// splitPath splits a.b[c.d].e into its parts.
func splitPath(path string) ([]string, bool) {
	var parts []string
	for path != "" {
		if path[0] == '[' {
			inside, rest, ok := strings.Cut(path[1:], "]")
			if !ok || inside == "" || len(parts) == 0 {
				return nil, false
			}
			parts, path = append(parts, inside), strings.TrimPrefix(rest, ".")
			continue
		}
		i := strings.IndexAny(path, ".[")
		if i < 0 {
			return append(parts, path), true
		}
		if i == 0 || path[i:] == "." {
			return nil, false
		}
		parts = append(parts, path[:i])
		path = strings.TrimPrefix(path[i:], ".")
	}
	return parts, len(parts) > 0
}

// replace sets one value in the tree, and makes the mappings on the way to it.
func (d *draft) replace(n *yaml.Node, set string, steps []string, text string) {
	fresh := func(n *yaml.Node) *yaml.Node {
		d.set[n] = set
		return n
	}
	for i, step := range steps {
		var next *yaml.Node
		switch n.Kind {
		case yaml.SequenceNode:
			next = element(n, step)
			if next == nil {
				d.add(Mistake{File: "--set " + set, Message: "the list has no item " + quoted(step) + "; write its number, from 0, or its name"})
				return
			}
		case yaml.MappingNode:
			next = child(n, step)
			if next == nil {
				next = fresh(&yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
				n.Content = append(n.Content, fresh(scalar(step)), next)
			}
		default:
			d.add(Mistake{File: "--set " + set, Message: strings.Join(steps[:i], ".") + " is one value, and has no field " + quoted(step)})
			return
		}
		n = next
	}
	*n = d.parseSet(set, text)
	fresh(n)
	d.mark(n, set)
}

// mark remembers that a node and all below it come from the command line.
func (d *draft) mark(n *yaml.Node, set string) {
	d.set[n] = set
	for _, c := range n.Content {
		d.mark(c, set)
	}
}

// parseSet reads a value as YAML, so that lists and mappings can be set.
func (d *draft) parseSet(set, text string) yaml.Node {
	var doc yaml.Node
	if strings.TrimSpace(text) == "" {
		return *stringNode("")
	}
	if err := yaml.Load([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		return *stringNode(text) // what is wrong with it shows when it is read
	}
	d.mark(doc.Content[0], set)
	d.untrap(doc.Content[0])
	return *doc.Content[0]
}

// element returns an item of a list, by its number or by its name.
func element(n *yaml.Node, which string) *yaml.Node {
	if i, err := strconv.Atoi(which); err == nil && i >= 0 && i < len(n.Content) {
		return n.Content[i]
	}
	for _, c := range n.Content {
		if name := child(c, "name"); name != nil && name.Value == which {
			return c
		}
	}
	return nil
}
