package testcontainers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
)

// A diskTask is what a helper does in a node's data directory: one of these.
type diskTask struct {
	Dir   string
	List  bool          `json:",omitempty"` // every file, with its size
	Edits []broker.Edit `json:",omitempty"`
	Fill  bool          `json:",omitempty"` // but for Leave bytes
	Leave int64         `json:",omitempty"`
	Free  bool          `json:",omitempty"` // what was filled
}

// lastLine ends what a helper prints, so that it is known to be whole.
const lastLine = "squall: done"

// zeros are written in pieces of this size.
const zeros = 1 << 16

// ServeDisk is what a helper of a node's disk runs, in a container that has the node's data: it does what is written in the file called task, and prints
// what there is to tell, a line each.
func ServeDisk(task string, out io.Writer) error {
	data, err := os.ReadFile(task)
	if err != nil {
		return err
	}
	var t diskTask
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("%s: %w", task, err)
	}
	if err := t.do(out); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, lastLine)
	return err
}

func (t diskTask) do(out io.Writer) error {
	switch {
	case t.List:
		return t.list(out)
	case t.Fill:
		return fillDisk(t.Dir, t.Leave, out)
	case t.Free:
		return removeAll(t.Dir, filling)
	}
	for _, e := range t.Edits {
		if err := t.edit(e); err != nil {
			return err
		}
	}
	return nil
}

// list passes over what is gone by the time that it is looked at: a broker may be at work.
func (t diskTask) list(out io.Writer) error {
	return filepath.WalkDir(t.Dir, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && file != t.Dir {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(t.Dir, file)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%d %s\n", info.Size(), filepath.ToSlash(name))
		return err
	})
}

func (t diskTask) edit(e broker.Edit) error {
	file := filepath.Join(t.Dir, filepath.FromSlash(path.Clean(e.Path)))
	info, err := os.Lstat(file)
	switch {
	case err != nil:
		return err
	case e.Remove && file == filepath.Clean(t.Dir):
		return removeAll(t.Dir, "")
	case e.Remove:
		return os.RemoveAll(file)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file", e.Path)
	case e.Truncate:
		return os.Truncate(file, e.Size)
	}
	return overwrite(file, e)
}

// overwrite writes what an edit says in place of what is there.
func overwrite(file string, e broker.Edit) (err error) {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if e.Zero == 0 {
		_, err := f.WriteAt(e.Data, e.At)
		return err
	}
	for at, end := e.At, e.At+e.Zero; at < end; at += zeros {
		if _, err := f.WriteAt(make([]byte, min(zeros, end-at)), at); err != nil {
			return err
		}
	}
	return nil
}

// filling is how the names of files begin that fill a disk.
const filling = "squall-filling-"

// removeAll removes what lies in a directory and is called so in the beginning, with all that is in it.
func removeAll(dir, prefix string) error {
	all, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range all {
		if !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
