package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// todoFile is what a run leaves in its folder as long as something is still broken. With containers, `squall clean` removes the whole cluster of a run
// that is dead, and everything that was broken with it; the file then says what that was.
const todoFile = "still-broken.json"

// An openFault is one line of it.
type openFault struct {
	Fault   string        `json:"fault"`
	Kind    string        `json:"kind"`
	Params  string        `json:"params,omitempty"`
	Victims []string      `json:"victims"`
	Since   time.Duration `json:"since_ns"` // on the run's clock
	// Mend are the commands that put it right by hand, where squall did not start the cluster.
	Mend []string `json:"mend,omitempty"`
}

// Keep implements squall.Todo. The file appears whole, and is gone when nothing is broken any more.
func (o *output) Keep(open []report.Fault) error {
	path := filepath.Join(o.dir, todoFile)
	if len(open) == 0 {
		if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	all := make([]openFault, len(open))
	for i, f := range open {
		all[i] = openFault{Fault: f.Name, Kind: f.Kind, Params: f.Params, Victims: f.Victims, Since: f.Commanded}
		if o.mend != nil {
			all[i].Mend = o.mend(f)
		}
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
