package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// views are the forms that `squall report show` can print.
var views = []formats.File{
	{Name: "text", Write: formats.Text},
	{Name: "markdown", Write: formats.Markdown},
	{Name: "html", Write: formats.HTML},
	{Name: "junit", Write: formats.JUnit},
	{Name: "metrics", Write: formats.Metrics},
	{Name: "hlog", Write: formats.HdrLog},
	{Name: "hgrm", Write: formats.HdrPercentiles},
	{Name: "json", Write: formats.JSON},
}

func viewNames() (all []string) {
	for _, v := range views {
		all = append(all, v.Name)
	}
	return all
}

func showReportCommand() *cobra.Command {
	var format string
	var redact bool
	c := &cobra.Command{
		Use:   "show DIR",
		Short: "print a run's report, in any of its forms",
		Long: "Show prints the report of a run that is over as it was judged then; `squall report judge` judges it anew. DIR is the run's folder, or a report. It exits 0 if\n" +
			"the report could be shown, whatever it says.",
		Example: "  squall report show squall-runs/20260102T030405Z-nightly-8f3a61c2\n  squall report show out --format markdown >> summary.md",
		Args:    wants(1, 1, "the folder of one run"),
		RunE: func(c *cobra.Command, args []string) error {
			return showReport(c.OutOrStdout(), args[0], format, redact)
		},
	}
	addRedact(c, &redact)
	c.Flags().StringVar(&format, "format", "text", "the form: "+strings.Join(viewNames(), ", "))
	return c
}

func addRedact(c *cobra.Command, redact *bool) {
	c.Flags().BoolVar(redact, "redact", false, "leave out what tells of the machine: paths, addresses, names of hosts")
}

// redacted returns the report as it may be given away.
func redacted(r *report.Report) *report.Report {
	var names []string
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	if home, err := os.UserHomeDir(); err == nil {
		names = append(names, home)
	}
	return report.Redacted(r, names...)
}

func showReport(stdout io.Writer, path, format string, redact bool) error {
	at := slices.IndexFunc(views, func(v formats.File) bool { return v.Name == format })
	if at < 0 {
		return fmt.Errorf("--format is one of %s, not %q%s", strings.Join(viewNames(), ", "), format, report.Suggest(format, viewNames()))
	}
	r, _, err := judged(path)
	if err != nil {
		return err
	}
	if redact {
		r = redacted(r)
	}
	if format == "text" {
		for i, f := range r.Files { // they are in the folder that was named
			r.Files[i] = filepath.Base(f)
		}
	}
	buffered := bufio.NewWriter(stdout)
	if err := errors.Join(views[at].Write(buffered, r), buffered.Flush()); err != nil {
		return internalError{err}
	}
	return nil
}

func exportCommand() *cobra.Command {
	var out string
	var redact bool
	c := &cobra.Command{
		Use:   "export DIR",
		Short: "write all forms of a run's report anew",
		Long: "Export writes every file that a run leaves beside its events anew from its report.json, or from the events of a run that was killed: with a newer squall,\n" +
			"reports of an older one get the views that it did not have. What is there is written over, but for the report itself and the events, which stay as they are.",
		Example: "  squall report export squall-runs/20260102T030405Z-nightly-8f3a61c2\n  squall report export out/report.json --out views\n" +
			"  squall report export out --redact --out to-be-sent",
		Args: wants(1, 1, "the folder of one run"),
		RunE: func(c *cobra.Command, args []string) error { return export(c.OutOrStdout(), args[0], out, redact) },
	}
	addRedact(c, &redact)
	c.Flags().StringVar(&out, "out", "", "the folder to write to (default: the run's own)")
	return c
}

// export writes the views of a report, and tells each file.
func export(stdout io.Writer, path, out string, redact bool) error {
	if redact && out == "" {
		return errors.New("--redact wants --out: in the run's own folder is everything that is to be left out")
	}
	r, file, err := judged(path)
	if err != nil {
		return err
	}
	if out == "" {
		out = filepath.Dir(file)
	}
	if err := os.MkdirAll(out, 0o700); err != nil {
		return internalError{fmt.Errorf("make the folder for the views: %w", err)}
	}
	if r.Files = afterExport(filepath.Dir(file), out); redact {
		r.Files = afterExport(out, out) // nothing else is given away
		r = redacted(r)
	}
	for _, f := range formats.Files {
		to := filepath.Join(out, f.Name)
		if _, err := os.Lstat(to); f.Name == reportFile && err == nil {
			continue // the source of all others
		}
		if err := writeWhole(to, func(w io.Writer) error { return f.Write(w, r) }); err != nil {
			return internalError{fmt.Errorf("write %s: %w", f.Name, err)}
		}
		if _, err := fmt.Fprintln(stdout, to); err != nil {
			return internalError{err}
		}
	}
	return nil
}

// afterExport returns the files that there are of a run once its views are written to a folder.
func afterExport(dir, out string) (all []string) {
	events := filepath.Join(dir, eventsFile)
	if _, err := os.Stat(events); err == nil {
		all = append(all, events)
	}
	logs, _ := filepath.Glob(filepath.Join(dir, "*"+logExtension)) // a folder with brackets in its name has none that are found
	all = append(all, logs...)
	for _, f := range formats.Files {
		all = append(all, filepath.Join(out, f.Name))
	}
	return all
}

// judged returns the report at a path, with the verdict that it came to, and the file that it was read from. What only events tell is judged now.
func judged(path string) (*report.Report, string, error) {
	file, err := resultOf(path)
	if err != nil {
		return nil, "", err
	}
	r, err := open(file)
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w%s", file, err, elsewhere(file))
	}
	if filepath.Ext(file) == filepath.Ext(eventsFile) { // they have no verdict
		if err := squall.Judge(r); err != nil {
			return nil, "", err
		}
	}
	return r, file, nil
}
