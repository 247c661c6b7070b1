package scenarios

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// mostData bounds a file that a scenario names, in bytes.
const mostData = 64 << 20

// Folder returns the files that the scenario file of this name may read: those below its own folder, wherever links lead.
func Folder(name string) fs.FS { return folder(filepath.Dir(name)) }

// A folder opens nothing that lies outside.
type folder string

// Open implements fs.FS.
func (f folder) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	file, err := os.OpenInRoot(string(f), filepath.FromSlash(name))
	if err != nil {
		return nil, err // and not a *os.File that is nil
	}
	return file, nil
}

// Stat implements fs.StatFS: what is no file is not opened, because that could wait for ever.
func (f folder) Stat(name string) (fs.FileInfo, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Stat(filepath.FromSlash(name))
}

// file reads a file that the scenario names. The error does not name it.
func (d *draft) file(name string) ([]byte, error) {
	switch {
	case d.files == nil:
		return nil, errors.New("there is no folder to read it from")
	case !fs.ValidPath(name):
		return nil, errors.New("files are read only below the scenario's folder; write a path without .. that does not begin with /")
	}
	info, err := fs.Stat(d.files, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file below the scenario's folder")
	case err != nil:
		return nil, cause(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("this is not a file")
	case info.Size() > mostData:
		return nil, fmt.Errorf("the file is larger than %d MiB", mostData>>20)
	case info.Size() == 0:
		return nil, errors.New("the file is empty")
	}
	f, err := d.files.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostData))
	if err != nil {
		return nil, cause(err)
	}
	return data, nil
}

// cause returns what an error says without the path, which the one who wrote it knows.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
