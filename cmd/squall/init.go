package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/broker/kafka"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// starters are the scenarios that `squall init` writes, a file for each kind of broker.
//
//go:embed starters/*.yaml
var starters embed.FS

// What init writes.
const (
	starterFile = "scenario.yaml"
	schemaFile  = "squall.schema.json"
)

func initCommand() *cobra.Command {
	var containers bool
	c := &cobra.Command{
		Use:   "init [KIND]",
		Short: "write a first scenario into this folder, with comments, and the schema that editors complete it by",
		Long: "Init writes " + starterFile + ", a scenario with comments that runs as it is, and " + schemaFile + ", by which editors complete and check it. It overwrites nothing.\n\n" +
			"Without --containers nothing has to be installed: Kafka is emulated in squall's own process, NATS servers are real, each a process of squall's own. It takes half a minute.\n" +
			"RabbitMQ runs in containers alone.",
		Example:   "  squall init\n  squall init nats\n  squall init kafka --containers\n  squall init rabbitmq",
		Args:      wants(0, 1, "a kind of broker, or nothing"),
		ValidArgs: slices.Sorted(maps.Keys(kinds)),
		RunE: func(c *cobra.Command, args []string) error {
			kind := append(args, kafka.Kind.Name)[0]
			containers = containers || testbeds[[2]string{kind, scenarios.Embedded}] == nil
			text, err := firstScenario(kind, containers)
			if err != nil {
				return err
			}
			if err := create(starterFile, text); err != nil {
				return err
			}
			wrote := starterFile
			switch err := create(schemaFile, scenarios.Schema(kinds)); {
			case err == nil:
				wrote += " and " + schemaFile
			case !errors.Is(err, fs.ErrExist):
				return err
			}
			next := "  squall run " + starterFile + "\n"
			if containers {
				next = "  squall doctor " + starterFile + "     whether this machine can run it\n" + next
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "wrote %s; next:\n%s", wrote, next)
			return err
		},
	}
	c.Flags().BoolVar(&containers, "containers", false, "real brokers in containers, in place of emulated ones")
	return c
}

// firstScenario is a first scenario for a kind of broker.
func firstScenario(kind string, containers bool) ([]byte, error) {
	if _, ok := kinds[kind]; !ok {
		names := slices.Sorted(maps.Keys(kinds))
		return nil, fmt.Errorf("there is no kind of broker %q; there are %s%s", kind, strings.Join(names, ", "), report.Suggest(kind, names))
	}
	run := scenarios.Embedded
	if containers {
		run = scenarios.Containers
	}
	if testbeds[[2]string{kind, run}] == nil {
		return nil, fmt.Errorf("%s does not run in %s yet; leave out --containers", kind, run)
	}
	t, err := template.ParseFS(starters, "starters/"+kind+".yaml")
	if err != nil {
		return nil, internalError{err} // each kind has one: a test asks for it
	}
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]any{"File": starterFile, "Name": "first", "Containers": containers}); err != nil {
		return nil, internalError{err}
	}
	return b.Bytes(), nil
}

// create writes a file that is not there yet.
func create(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is here already, and init overwrites nothing: go to another folder, or move it: %w", name, fs.ErrExist)
	}
	if err != nil {
		return internalError{err}
	}
	if _, err := f.Write(text); err != nil {
		return internalError{errors.Join(err, f.Close())}
	}
	if err := f.Close(); err != nil {
		return internalError{err}
	}
	return nil
}
