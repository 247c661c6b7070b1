package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// DefaultKeep is how many runs of a kind a history keeps.
const DefaultKeep = 30

// recent is how many of the newest runs are held against the pinned reference together: a slow drift shows in no single one.
const recent = 10

// A History keeps what runs bring to comparisons in a folder: a small file for each run, of one line, in a folder for each scenario, and copies of those that were
// pinned in a folder in that. Every file appears whole or not at all, and none is ever written again, so that several writers lose nothing of one another's.
type History struct {
	Dir  string
	Keep int // runs of a kind (a scenario on a broker on a kind of machine); of more, the oldest are removed. 0: DefaultKeep
}

// pinnedFolder holds the pinned runs of a scenario.
const pinnedFolder = "pinned"

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9._-]+`)

// folder is where the runs of a scenario are.
func (h History) folder(scenario string) string {
	name := strings.Trim(notInNames.ReplaceAllString(scenario, "-"), "-.")
	if name == "" {
		name = "unnamed"
	}
	return filepath.Join(h.Dir, name)
}

// Add adds a run, unless it may not be held against, and removes the oldest of its kind where there are too many. It reports whether it did.
func (h History) Add(r Run) (bool, error) {
	if r.NoBaseline != "" {
		return false, nil
	}
	dir := h.folder(r.Scenario)
	if err := write(dir, r); err != nil {
		return false, fmt.Errorf("add to the history: %w", err)
	}
	kept, _, err := ReadRuns(dir)
	if err != nil {
		return true, fmt.Errorf("tidy the history: %w", err)
	}
	kept = slices.DeleteFunc(kept, func(o Run) bool { return o.Comparable(&r) != "" })
	keep := h.Keep
	if keep <= 0 {
		keep = DefaultKeep
	}
	for i := 0; i < len(kept)-keep; i++ {
		if err := os.Remove(file(dir, kept[i])); err != nil && !errors.Is(err, fs.ErrNotExist) { // another writer may have been first
			return true, fmt.Errorf("tidy the history: %w", err)
		}
	}
	return true, nil
}

// file is where a run is kept.
func file(dir string, r Run) string {
	return filepath.Join(dir, r.Started.Format("20060102T150405.000Z")+"-"+notInNames.ReplaceAllString(r.ID, "-")+".json")
}

// write writes a run's file, whole or not at all.
func write(dir string, r Run) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*") // for its owner alone
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file(dir, r))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // half a file helps nobody
	}
	return err
}

// ReadRuns returns the runs of a folder of a history, the oldest first, and a sentence for each file that holds none; without the folder there are none.
func ReadRuns(dir string) (all []Run, damaged []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".json" || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		found, why := readFile(path)
		all = append(all, found...)
		if why != "" {
			damaged = append(damaged, fmt.Sprintf("Left out: %s: %s.", path, why))
		}
	}
	slices.SortStableFunc(all, func(a, b Run) int { return a.Started.Compare(b.Started) })
	return all, damaged, nil
}

// readFile reads a file of the history, a run a line: people may put several together. It says why it left lines out.
func readFile(path string) (all []Run, why string) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) { // another writer removed it meanwhile
		return nil, ""
	}
	if err != nil {
		return nil, err.Error()
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		var r Run
		switch err := json.Unmarshal([]byte(line), &r); {
		case err != nil:
			why = fmt.Sprintf("line %d is damaged: %v", n, err)
		case r.Schema > Schema:
			why = fmt.Sprintf("line %d is of a later squall, its schema is %d, and this one reads up to %d", n, r.Schema, Schema)
		case r.Schema < 1 || r.ID == "" || r.Scenario == "":
			why = fmt.Sprintf("line %d is no run", n)
		default:
			all = append(all, r)
		}
	}
	if n == 0 {
		why = "it is empty"
	}
	return all, why
}

// Sets returns what new runs of one scenario are to be compared with: the rolling runs, and the pinned ones where there are any. Against those, the newest of the
// rolling runs stand beside the new ones. It also returns a sentence for each file that was left out. Without a new run there is no set.
func (h History) Sets(new, fresh []Run) (sets []Set, damaged []string, err error) {
	if len(new) == 0 {
		return nil, nil, nil
	}
	dir := h.folder(new[0].Scenario)
	rolling, damaged, err := ReadRuns(dir)
	if err != nil {
		return nil, damaged, fmt.Errorf("read the history: %w", err)
	}
	pinned, more, err := ReadRuns(filepath.Join(dir, pinnedFolder))
	if damaged = append(damaged, more...); err != nil {
		return nil, damaged, fmt.Errorf("read the history: %w", err)
	}
	sets = []Set{{Name: "the runs before", Base: rolling, New: new, Fresh: fresh}}
	if len(pinned) == 0 {
		return sets, damaged, nil
	}
	lately := slices.Clone(new)
	for i := len(rolling) - 1; i >= 0 && len(lately) < recent; i-- {
		known := slices.ContainsFunc(slices.Concat(lately, pinned), func(r Run) bool { return r.ID == rolling[i].ID })
		if !known && rolling[i].Comparable(&new[0]) == "" {
			lately = append(lately, rolling[i])
		}
	}
	name := fmt.Sprintf("the pinned reference, to %s", pinned[len(pinned)-1].Started.Format(time.DateOnly))
	return append(sets, Set{Name: name, Base: pinned, New: lately, Fresh: fresh}), damaged, nil
}

// Scenarios returns the folders of the history, by name.
func (h History) Scenarios() ([]string, error) {
	entries, err := os.ReadDir(h.Dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Runs returns the rolling and the pinned runs of a scenario, the oldest first, and a sentence for each file that was left out.
func (h History) Runs(scenario string) (rolling, pinned []Run, damaged []string, err error) {
	dir := h.folder(scenario)
	rolling, damaged, err = ReadRuns(dir)
	if err != nil {
		return nil, nil, damaged, err
	}
	pinned, more, err := ReadRuns(filepath.Join(dir, pinnedFolder))
	return rolling, pinned, append(damaged, more...), err
}

// Pin makes the rolling runs of a scenario that are of its newest run's kind the pinned reference, in place of the one before, and returns how many they are.
func (h History) Pin(scenario string) (int, error) {
	rolling, before, _, err := h.Runs(scenario)
	if err != nil || len(rolling) == 0 {
		return 0, err
	}
	dir, newest := filepath.Join(h.folder(scenario), pinnedFolder), rolling[len(rolling)-1]
	chosen := slices.DeleteFunc(rolling, func(r Run) bool { return r.Comparable(&newest) != "" })
	for _, r := range chosen {
		if err := write(dir, r); err != nil {
			return 0, err
		}
	}
	for _, r := range before {
		if !slices.ContainsFunc(chosen, func(o Run) bool { return o.ID == r.ID }) {
			err = errors.Join(err, os.Remove(file(dir, r)))
		}
	}
	return len(chosen), err
}
