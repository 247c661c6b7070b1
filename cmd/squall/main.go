// Command squall breaks message brokers under load and says what was lost and how long recovery took. This package wires the rooms together: it
// reads flags, makes the testbed, and turns verdicts and errors into text and exit codes. It decides nothing about a run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/external"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// version and commit are set when the executable is built.
var (
	version = "devel"
	commit  = ""
)

func main() { os.Exit(int(Main(os.Args[1:], os.Stdout, os.Stderr))) }

// Main runs squall with these arguments and returns its exit code.
func Main(args []string, stdout, stderr io.Writer) (code report.ExitCode) {
	defer func() {
		if p := recover(); p != nil { // Go's own exit code for it is 2, which means something else here
			fmt.Fprintf(stderr, "squall: panic: %v\n%s", p, debug.Stack())
			code = report.ExitInternal
		}
	}()
	root := &cobra.Command{
		Use:   "squall",
		Short: "Break a message broker under load, and know what was lost and how long recovery took",
		Example: "  squall run quickstart                 needs nothing installed, 20 seconds\n" +
			"  squall run kafka-leader-kill          three real brokers in containers\n" +
			"  squall show kafka-leader-kill > mine.yaml",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	prefix := ""
	root.PersistentFlags().StringVar(&prefix, "image-prefix", "", "where a mirror of Docker Hub is, as in registry.example/mirror/ (default $"+testcontainers.ImagePrefix+")")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if prefix == "" {
			return nil
		}
		return os.Setenv(testcontainers.ImagePrefix, prefix)
	}
	root.SetHelpCommand(helpCommand())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())
	})
	root.AddCommand(runCommand(), suiteCommand(), capacityCommand(), initCommand(), validateCommand(), explainCommand(), showCommand(), listCommand(), schemaCommand(), reportCommand(),
		replayCommand(), doctorCommand(), cleanCommand(), versionCommand(), sidecarCommand(), diskCommand(), natsServerCommand())
	complete(root)
	if len(args) == 0 {
		root.SetOut(stderr)
		root.InitDefaultHelpCmd()
		_ = root.Help() // if even that cannot be written, nobody can be told
		return report.ExitUsage
	}
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return report.ExitPass
	}
	code = codeOf(err)
	var quiet verdictError
	if !errors.As(err, &quiet) {
		fmt.Fprintln(stderr, message(err))
	}
	return code
}

// wants is what a command says that was not given between least and most arguments; most 0: any number.
func wants(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= least && (len(args) <= most || most == 0) {
			return nil
		}
		return fmt.Errorf("`%s` wants %s, and got %d arguments; see `%s --help`", c.CommandPath(), what, len(args), c.CommandPath())
	}
}

// A verdictError carries the exit code of a run that ended with a verdict, which has been told already.
type verdictError struct{ code report.ExitCode }

func (e verdictError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// conclude returns how a command ends that came to a verdict, and tells what went wrong beside it, such as a container that could not be removed.
func conclude(c *cobra.Command, code report.ExitCode, beside error) error {
	if beside != nil {
		fmt.Fprintln(c.ErrOrStderr(), message(beside))
		code = report.Strongest(code, report.ExitInternal)
	}
	if code == report.ExitPass {
		return nil
	}
	return verdictError{code}
}

// An internalError is squall's own failure, as opposed to a mistake in how it was called.
type internalError struct{ error }

func (e internalError) Unwrap() error { return e.error }

// codeOf returns the exit code for an error. What is not known otherwise was found by the command line's parser: a mistake of usage.
func codeOf(err error) report.ExitCode {
	var (
		verdict  verdictError
		internal internalError
		lacks    *testcontainers.EnvironmentError
		wrong    scenarios.Errors
		early    stoppedEarly
		unusable *external.UnusableError
		occupied *squall.OccupiedError
		usage    usageError
	)
	switch {
	case errors.As(err, &early):
		return early.Code
	case errors.As(err, &verdict):
		return verdict.code
	case errors.As(err, &usage):
		return report.ExitUsage
	case errors.As(err, &lacks), errors.As(err, &unusable), errors.As(err, &occupied):
		return report.ExitEnvironment
	case errors.As(err, &wrong):
		return report.ExitUsage
	case errors.As(err, &internal):
		return report.ExitInternal
	}
	return report.ExitUsage
}

// message is what the user reads of an error.
func message(err error) string {
	var wrong scenarios.Errors
	if errors.As(err, &wrong) {
		return err.Error()
	}
	return "squall: " + err.Error()
}
