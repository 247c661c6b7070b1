package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

//go:embed library/*.yaml
var library embed.FS

// Library returns the names of the scenarios inside squall, in order.
func Library() []string {
	entries, err := fs.ReadDir(library, "library")
	if err != nil {
		return nil // the folder is part of the program
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	slices.Sort(names) // files are sorted with their suffix
	return names
}

// maxFile bounds a scenario file, in bytes.
const maxFile = 1 << 20

// Read reads a scenario's text from what is no file, such as standard input.
func Read(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read scenario: %w", err)
	case len(data) > maxFile:
		return nil, fmt.Errorf("read scenario: it is larger than %d KiB", maxFile>>10)
	}
	return data, nil
}

// Open returns a scenario's text and what its mistakes call it. A word is a name in the library; what has a slash or ends in .yaml or .yml is a
// file, and so is another word that the library does not know.
func Open(nameOrPath string) (name string, data []byte, err error) {
	isPath := strings.ContainsAny(nameOrPath, `/\`) || path.Ext(nameOrPath) == ".yaml" || path.Ext(nameOrPath) == ".yml"
	if !isPath {
		inside := path.Join("library", nameOrPath+".yaml")
		if data, err := library.ReadFile(inside); err == nil {
			return inside, data, nil
		}
	}
	info, err := os.Stat(nameOrPath)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !isPath:
		return nameOrPath, nil, fmt.Errorf("there is no file %q, and no scenario of that name in the library%s", nameOrPath, report.Suggest(nameOrPath, Library()))
	case err != nil:
		return nameOrPath, nil, fmt.Errorf("open scenario: %w", err)
	case !info.Mode().IsRegular():
		return nameOrPath, nil, fmt.Errorf("open scenario: %s is not a file", nameOrPath)
	case info.Size() > maxFile:
		return nameOrPath, nil, fmt.Errorf("open scenario: %s is larger than %d KiB", nameOrPath, maxFile>>10)
	}
	data, err = os.ReadFile(nameOrPath)
	return nameOrPath, data, err
}
