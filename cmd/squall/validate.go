package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
	"github.com/seed-228c25e4/squall/scenarios"
)

// mistakeFormats are how `squall validate` can tell mistakes.
var mistakeFormats = []string{"text", "json", "github"}

func validateCommand() *cobra.Command {
	var set []string
	var format string
	c := &cobra.Command{
		Use:   "validate SCENARIO...",
		Short: "tell every mistake in scenario files; nothing is started",
		Long: "Validate reads scenarios, and suite files with all that they run, and tells every mistake in them, with its place and what to write. Of a folder it reads every .yaml and .yml file below, but for\n" +
			"those whose name, or whose folder's, begins with a dot; - is a scenario from standard input. --format json prints a list of mistakes with file, line, column, field, message and suggestion;\n" +
			"--format github marks them in the pull request, where it runs as a step of GitHub Actions.",
		Example:           "  squall validate mine.yaml\n  squall validate scenarios/ --format github",
		Args:              wants(1, 0, someScenario),
		ValidArgsFunction: completeScenarios,
		RunE: func(c *cobra.Command, names []string) error {
			if !slices.Contains(mistakeFormats, format) {
				return fmt.Errorf("--format is text, json or github, not %q%s", format, report.Suggest(format, mistakeFormats))
			}
			names, err := inFolders(names)
			if err != nil {
				return err
			}
			return validate(c, names, set, format)
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "override a field of the scenarios")
	c.Flags().StringVar(&format, "format", "text", "how mistakes are told: text, json or github (annotations of GitHub Actions)")
	return c
}

func validate(c *cobra.Command, names, set []string, format string) error {
	var errs []error
	all := scenarios.Errors{}
	for _, name := range names {
		err := check(name, set)
		if err == nil && format != "json" {
			fmt.Fprintf(c.OutOrStdout(), "%s: ok\n", name)
		}
		if err != nil {
			errs = append(errs, err)
			all = append(all, mistakesOf(name, err)...)
		}
	}
	switch format {
	case "text":
		return errors.Join(errs...)
	case "json":
		text, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			return internalError{err}
		}
		fmt.Fprintf(c.OutOrStdout(), "%s\n", text)
	default:
		annotate(c.OutOrStdout(), all)
	}
	if len(errs) > 0 {
		return verdictError{report.ExitUsage}
	}
	return nil
}

// check reads a scenario, or a suite file with all the scenarios that it runs.
func check(name string, set []string) error {
	if data := scenarios.SuiteFile(name); data != nil {
		_, err := scenarios.ParseSuite(name, data, scenarios.Options{Kinds: kinds})
		return err
	}
	_, err := load(name, set, nil)
	return err
}

// mistakesOf are the mistakes that were told of a file; a file that cannot be read is one.
func mistakesOf(name string, err error) scenarios.Errors {
	var all scenarios.Errors
	if errors.As(err, &all) {
		return all
	}
	return scenarios.Errors{{File: name, Message: err.Error()}}
}

// mostAnnotations is how many errors GitHub shows of one step.
const mostAnnotations = 10

// annotate prints mistakes as GitHub Actions shows them beside the lines that they are in; those for which there is no room stand in the log alone.
func annotate(w io.Writer, all scenarios.Errors) {
	for i, m := range all {
		message := m.Message
		if m.Suggestion != "" {
			message += "; " + m.Suggestion
		}
		if i >= mostAnnotations {
			fmt.Fprintf(w, "also %s\n", oneLine(m))
			continue
		}
		a := formats.Annotation{File: m.File, Line: m.Line, Column: m.Column, Title: cmp.Or(m.Field, "squall"), Message: message}
		if _, err := os.Stat(m.File); err != nil && m.Line == 0 { // of --set, or a file that there is not
			a.File, a.Message = "", m.File+": "+message
		}
		_ = a.Write(w) // as with all other lines of a command
	}
}

// oneLine is a mistake without the line that it is in.
func oneLine(m scenarios.Mistake) string {
	m.Excerpt = ""
	return formats.WorkflowText(m.Error())
}

// inFolders puts in the place of a folder the scenario files below it.
func inFolders(names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || !info.IsDir() || slices.Contains(scenarios.Library(), name) {
			all = append(all, name)
			continue
		}
		inside, err := filesBelow(name)
		if err != nil {
			return nil, fmt.Errorf("look for scenarios: %w", err)
		}
		if len(inside) == 0 {
			return nil, fmt.Errorf("there is no .yaml or .yml file in %s or below it; `squall init` writes a first one", name)
		}
		all = append(all, inside...)
	}
	return all, nil
}

// filesBelow returns the .yaml and .yml files of a folder and those in it, in order, but for hidden ones.
func filesBelow(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(d.Name(), ".") && path != dir
		switch ext := filepath.Ext(path); {
		case err != nil:
			return err
		case d.IsDir() && hidden:
			return fs.SkipDir
		case !d.IsDir() && !hidden && (ext == ".yaml" || ext == ".yml"):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}
