package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// An output is the folder that a run's results go to. Its files are the user's alone: they hold host names and settings.
type output struct {
	dir    string
	made   []string // the folders that were not there before, the innermost first
	events *os.File
	logs   []string                    // of brokers, as far as they are kept
	mend   func(report.Fault) []string // the commands that mend a fault by hand; nil: there are none
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9._-]+`)

// newOutput makes the folder, which must not hold anything that would be written: results overwrite nothing.
func newOutput(dir, scenario, id string) (*output, error) {
	if dir == "" {
		dir = folderFor(scenario, id)
	}
	names := []string{eventsFile, todoFile}
	for _, f := range formats.Files {
		names = append(names, f.Name)
	}
	if err := free(dir, names...); err != nil {
		return nil, err
	}
	made := missing(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, internalError{fmt.Errorf("make the folder for the results: %w", err)}
	}
	events, err := os.OpenFile(filepath.Join(dir, eventsFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, internalError{fmt.Errorf("make the file for the events: %w", err)}
	}
	markWritten(events)
	return &output{dir: dir, made: made, events: events}, nil
}

// free is an error where a folder holds something of a name that results have.
func free(dir string, names ...string) error {
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s holds other results already, or what would be lost to them: %s; give --out another folder", dir, name)
		}
	}
	return nil
}

// folderFor is where the results of a run go that are to go nowhere else.
func folderFor(name, id string) string {
	name = strings.Trim(notInNames.ReplaceAllString(name, "-"), "-.")
	return filepath.Join("squall-runs", fmt.Sprintf("%s-%s-%s", time.Now().UTC().Format("20060102T150405Z"), name, id[:8]))
}

// missing returns a folder and those around it, as far as they do not exist.
func missing(dir string) (all []string) {
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); err == nil || dir == filepath.Dir(dir) {
			return all
		}
		all = append(all, dir)
	}
}

// write writes the report and its views beside the events. Each file appears whole or not at all.
func (o *output) write(r *report.Report) error {
	r.Files = append([]string{o.events.Name()}, o.logs...)
	for _, f := range formats.Files {
		r.Files = append(r.Files, filepath.Join(o.dir, f.Name))
	}
	for _, f := range formats.Files {
		if err := writeWhole(filepath.Join(o.dir, f.Name), func(w io.Writer) error { return f.Write(w, r) }); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
	}
	return o.events.Close()
}

// writeWhole writes a file that appears whole or not at all, in the place of one that is there.
func writeWhole(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	err = errors.Join(write(buffered), buffered.Flush(), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // half a file helps nobody
	}
	return err
}

// save writes one more file of about that name, and returns its path; what is there already stays.
func (o *output) save(name string, data []byte) (string, error) {
	ext := filepath.Ext(name)
	for n := 1; ; n++ {
		path := filepath.Join(o.dir, name)
		if n > 1 {
			path = filepath.Join(o.dir, fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext))
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = file.Write(data)
		return path, errors.Join(err, file.Close())
	}
}

// removeIfEmpty removes the file and the folders that were made for a run in which nothing happened; what was there before stays.
func (o *output) removeIfEmpty() error {
	info, err := o.events.Stat()
	if err != nil || info.Size() > 0 {
		return errors.Join(err, o.events.Close())
	}
	err = errors.Join(o.events.Close(), os.Remove(o.events.Name()))
	for _, dir := range o.made {
		_ = os.Remove(dir) // fails where something else came into it meanwhile, such as another run's folder
	}
	return err
}
