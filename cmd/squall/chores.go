package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/embedded"
	"github.com/seed-228c25e4/squall/links"
	"github.com/seed-228c25e4/squall/testcontainers"
)

func cleanCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "clean",
		Short: "remove what dead runs left behind: containers, networks, volumes, outdated sidecar images",
		Long: "Clean removes the containers, networks, volumes and sidecar images of runs that are dead, and with them whatever a fault had broken in them:\n" +
			"what that was stands in still-broken.json in the run's folder. Runs that are alive are left alone.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			done, err := testcontainers.Clean(c.Context(), all)
			if err == nil || done.Containers+done.Networks+done.Volumes+done.Images > 0 {
				tellCleaned(c.OutOrStdout(), done)
			}
			if err != nil {
				return internalError{err}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&all, "all", false, "runs that are alive, too")
	return c
}

func tellCleaned(w io.Writer, done testcontainers.Cleaned) {
	if done.Containers+done.Networks+done.Volumes+done.Images == 0 {
		fmt.Fprintln(w, "nothing to remove")
	} else {
		fmt.Fprintf(w, "removed what %d dead runs left: %d containers, %d networks, %d volumes; and %d outdated sidecar images\n",
			len(done.Runs), done.Containers, done.Networks, done.Volumes, done.Images)
	}
	for _, id := range slices.Sorted(maps.Keys(done.Kept)) {
		fmt.Fprintf(w, "left run %s alone: %s\n", id, done.Kept[id])
	}
}

// helpCommand is cobra's own, but for an unknown command, which is a mistake.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "tell more about a command",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command %q; `squall --help` shows all", strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// builtFrom is the commit that squall was built from.
func builtFrom() string {
	if commit != "" {
		return commit
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print squall's version, and what it was built from",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "squall %s %s %s/%s commit %s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, builtFrom())
			return err
		},
	}
}

// sidecarCommand is what runs in the pods' sidecars, out of this same executable.
func sidecarCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "sidecar",
		Short:  "carry a pod's links (started by squall itself, in containers)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := links.SidecarMain(c.Context()); err != nil {
				return internalError{err}
			}
			return nil
		},
	}
}

// diskCommand is what looks at a node's data and changes it, out of this same executable: brokers' images need hold no other program.
func diskCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "disk TASK",
		Short:  "do a fault's work on a node's data (started by squall itself, in containers)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := testcontainers.ServeDisk(args[0], c.OutOrStdout()); err != nil {
				return internalError{err}
			}
			return nil
		},
	}
}

// natsServerCommand is what runs in each node of an embedded cluster of NATS servers, out of this same executable.
func natsServerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "nats-server CONFIG",
		Short:  "be a node of an embedded cluster (started by squall itself)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := embedded.ServeNATS(args[0], c.InOrStdin()); err != nil {
				return internalError{err}
			}
			return nil
		},
	}
}
