package scenarios

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/report"
)

// expand makes every run of what is written, and tells what is wrong with the scenarios.
func (d *suiteDraft) expand() {
	for i := range d.entries {
		e := &d.entries[i]
		if e.scenario == "" {
			continue
		}
		found, why := d.find(e.scenario)
		if why != "" {
			d.note(e.node, e.path, "", "%s", why)
			continue
		}
		before := len(d.s.Runs)
		for _, open := range found {
			for _, sets := range combinations(e) {
				d.run(e, open, sets)
			}
		}
		if len(d.s.Runs) > mostRuns && before <= mostRuns {
			d.note(e.node, e.path, "", "with this the suite has more than %d runs", mostRuns)
			return
		}
	}
}

// find returns what opens a scenario that a suite file names, or those of a group of the library, or why nothing does.
func (d *suiteDraft) find(name string) (open []string, why string) {
	if slices.Contains(Library(), name) {
		return []string{name}, ""
	}
	file := filepath.FromSlash(name)
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(d.file), file)
	}
	info, err := os.Stat(file)
	group := Group(name)
	switch {
	case group != nil && (err != nil || info.IsDir()): // a suite file names no folders
		return group, ""
	case err == nil && info.IsDir():
		return nil, quoted(file) + " is a folder; name the scenario files in it"
	case err == nil && SuiteFile(file) != nil:
		return nil, quoted(file) + " is a suite, and a suite runs no other; name its scenarios here"
	case err == nil:
		return []string{asPath(file)}, ""
	}
	if strings.ContainsAny(name, `/\`) || isYAML(name) {
		return nil, "there is no file " + quoted(file)
	}
	known := slices.Concat(GroupNames(), Library())
	return nil, fmt.Sprintf("there is no scenario of that name in the library, and no file %s%s", quoted(file), report.Suggest(name, known))
}

// asPath writes a file's name so that nobody takes it for a name of the library.
func asPath(file string) string {
	if strings.ContainsAny(file, `/\`) || isYAML(file) {
		return file
	}
	return "." + string(filepath.Separator) + file
}

func isYAML(file string) bool { return path.Ext(file) == ".yaml" || path.Ext(file) == ".yml" }

// combinations are all combinations of an entry's matrix, the last field changing fastest, each with what the entry sets in all runs.
func combinations(e *suiteEntry) [][]assignment {
	all := [][]assignment{nil}
	for _, a := range e.matrix {
		var longer [][]assignment
		for _, before := range all {
			for _, one := range a {
				longer = append(longer, append(slices.Clip(before), one))
			}
			if len(longer) > mostRuns {
				return longer // which is told
			}
		}
		all = longer
	}
	return all
}

// run adds the runs of one combination.
func (d *suiteDraft) run(e *suiteEntry, open string, matrix []assignment) {
	var sets []string
	name := runName{}
	for _, a := range slices.Concat(e.set, matrix) {
		sets = append(sets, a.set)
		d.setBy["--set "+a.set] = a.node
	}
	for _, a := range e.set {
		name.set = append(name.set, a.tell)
	}
	for _, a := range matrix {
		name.matrix = append(name.matrix, a.tell)
	}
	s := d.scenario(e, open, sets)
	if s == nil {
		return
	}
	name.scenario = s.Name
	for n := range e.repeat {
		if e.repeat > 1 {
			name.n = n + 1
		}
		r := SuiteRun{Name: name.tell(false), Open: open, Set: sets, Scenario: s, Quarantine: e.quarantine, File: d.file, Line: e.node.Line}
		d.s.Runs, d.names = append(d.s.Runs, r), append(d.names, name)
	}
}

// A runName is what the name of a run is made of.
type runName struct {
	scenario    string
	set, matrix []string // what its entry sets in all its runs, and in this one
	n           int      // which repetition it is; 0: there is one
}

// tell writes the name, with what its entry sets in all its runs where others would be called the same without.
func (n runName) tell(whole bool) string {
	var told []string
	if whole {
		told = append(told, n.set...)
	}
	name := n.scenario
	if told = append(told, n.matrix...); len(told) > 0 {
		name += "[" + strings.Join(told, ",") + "]"
	}
	if n.n > 0 {
		name += fmt.Sprintf("#%d", n.n)
	}
	return name
}

// distinguish gives runs of the same name that differ in what their entries set names that tell it.
func (d *suiteDraft) distinguish() {
	sets := map[string][][]string{}
	for i, r := range d.s.Runs {
		sets[r.Name] = append(sets[r.Name], d.names[i].set)
	}
	for i := range d.s.Runs {
		r := &d.s.Runs[i]
		if slices.ContainsFunc(sets[r.Name], func(o []string) bool { return !slices.Equal(o, d.names[i].set) }) {
			r.Name = d.names[i].tell(true)
		}
	}
}

// scenario reads the scenario of an entry; nil: it has mistakes, which are noted where they are: in the scenario's file, or in what the suite sets.
func (d *suiteDraft) scenario(e *suiteEntry, open string, sets []string) *Scenario {
	name, data, err := Open(open)
	if err != nil {
		d.note(e.node, e.path, "", "%v", err)
		return nil
	}
	s, err := Parse(name, data, Options{Kinds: d.o.Kinds, Set: sets, Files: Folder(name)})
	var mistakes Errors
	errors.As(err, &mistakes)
	for _, m := range mistakes {
		if n := d.setBy[m.File]; n != nil {
			d.note(n, strings.TrimSuffix(e.path+".set."+m.Field, "."), m.Suggestion, "of %s: %s", e.scenario, m.Message)
		} else if !slices.ContainsFunc(d.others, func(o Mistake) bool { return o.File == m.File && o.Line == m.Line && o.Column == m.Column }) {
			d.others = append(d.others, m)
		}
	}
	return s
}

// named adds a scenario that is named outside any suite file.
func (d *suiteDraft) named(open string) error {
	name, data, err := Open(open)
	if err != nil {
		return err
	}
	s, err := Parse(name, data, Options{Kinds: d.o.Kinds, Files: Folder(name)})
	var mistakes Errors
	if errors.As(err, &mistakes) {
		d.others = append(d.others, mistakes...)
		return nil
	}
	r := SuiteRun{Name: s.Name, Open: open, Scenario: s}
	if !slices.Contains(Library(), open) {
		r.File, r.Line = open, 1
	}
	d.s.Runs = append(d.s.Runs, r)
	return nil
}

// IsSuite reports whether a file's text is a suite and no scenario: it names scenarios, or nearly so, and then its mistakes are those of a suite.
func IsSuite(data []byte) bool {
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil || len(doc.Content) == 0 {
		return false
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := root.Content[i].Value; key == "scenarios" || report.Typo(key, []string{"scenarios"}) != "" {
			return true
		}
	}
	return false
}

// SuiteFile returns the text of the suite file that a path names; nil: it is a scenario, or no file at all.
func SuiteFile(file string) []byte {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil || !IsSuite(data) {
		return nil
	}
	return data
}
