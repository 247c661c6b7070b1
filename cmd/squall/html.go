package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/report/formats"
)

const htmlFile = "report.html"

func htmlCommand() *cobra.Command {
	var out string
	var redact bool
	c := &cobra.Command{
		Use:   "html DIR",
		Short: "write a run's report as one page for a browser",
		Long: "HTML writes the report of a run that is over as one file that needs no network and runs no scripts: to send, to print, to keep. Every run leaves one; this\n" +
			"writes it anew from report.json, or from the events of a run that was killed. DIR is the run's folder, or a report.",
		Example: "  squall report html squall-runs/20260102T030405Z-nightly-8f3a61c2\n  squall report html out/report.json --out nightly.html",
		Args:    wants(1, 1, "the folder of one run"),
		RunE:    func(c *cobra.Command, args []string) error { return writeHTML(c.OutOrStdout(), args[0], out, redact) },
	}
	addRedact(c, &redact)
	c.Flags().StringVar(&out, "out", "", "the file to write; - is standard output (default: report.html in the run's folder)")
	return c
}

// writeHTML writes the page and tells where it is.
func writeHTML(stdout io.Writer, path, out string, redact bool) error {
	r, file, err := judged(path)
	if err != nil {
		return err
	}
	if redact {
		if r = redacted(r); out == "" {
			return errors.New("--redact wants --out: the page in the run's folder stays as it is")
		}
	}
	switch out {
	case "-":
		buffered := bufio.NewWriter(stdout)
		return errors.Join(formats.HTML(buffered, r), buffered.Flush())
	case "":
		out = filepath.Join(filepath.Dir(file), htmlFile)
	}
	if err := writeWhole(out, func(w io.Writer) error { return formats.HTML(w, r) }); err != nil {
		return internalError{fmt.Errorf("write the page: %w", err)}
	}
	_, err = fmt.Fprintln(stdout, out)
	return err
}
