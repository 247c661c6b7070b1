package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
)

// oldReports are reports as squall wrote them: what each is called says by which commit, or what it came to.
const oldReports = "../../report/formats/testdata/old"

// unpackOld puts an old report where a run leaves its own, and returns the folder and the report's text.
func unpackOld(t *testing.T, name string) (dir string, text []byte) {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join(oldReports, name))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if text, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, reportFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, text
}

// squalls runs a command that is to end with an exit code, and returns what it printed.
func squalls(t *testing.T, code report.ExitCode, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	if got := Main(args, &out, &err); got != code {
		t.Errorf("%v: exit code %d, want %d\n%s", args, got, code, err.String())
	}
	return out.String(), err.String()
}

// What squall ever wrote opens in every view, can be judged again with the same result, and compared with.
func TestOldReports(t *testing.T) {
	files, err := os.ReadDir(oldReports)
	if err != nil || len(files) < 5 {
		t.Fatalf("%d old reports, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			dir, text := unpackOld(t, f.Name())
			if err := holdsAgainst(report.Schema, string(text)); err != nil {
				t.Error(err)
			}
			r, err := formats.ReadJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, view := range viewNames() {
				shown, _ := squalls(t, report.ExitPass, "report", "show", dir, "--format", view)
				if len(shown) < 1000 {
					t.Errorf("%s is %d bytes", view, len(shown))
				}
				if heard := strings.ToLower(shown); view != "hlog" && view != "hgrm" && view != "metrics" && !strings.Contains(heard, string(r.Verdict.Outcome)) {
					t.Errorf("%s does not tell the verdict", view)
				}
			}
			judged, _ := squalls(t, r.Verdict.ExitCode, "report", "judge", dir)
			if !strings.HasPrefix(judged, strings.ToUpper(string(r.Verdict.Outcome))+"\n") {
				t.Errorf("it was %s, and is judged %.40q", r.Verdict.Outcome, judged)
			}
			squalls(t, report.ExitPass, "report", "html", dir)
			squalls(t, report.ExitPass, "report", "export", dir)
			for _, made := range formats.Files {
				if info, err := os.Stat(filepath.Join(dir, made.Name)); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v", made.Name, err)
				}
			}
			same, _ := unpackOld(t, f.Name())
			if compared, _ := squalls(t, report.ExitPass, "report", "compare", same, "--", dir); !strings.Contains(compared, r.Run.Scenario) {
				t.Errorf("compared: %s", compared)
			}
		})
	}
}

// A report of a version that is not known yet is refused by every command, with what to do.
func TestReportOfALaterVersion(t *testing.T) {
	dir, text := unpackOld(t, "pass.json.gz")
	later := bytes.Replace(text, []byte(`"schema":1`), []byte(`"schema":2`), 1)
	if bytes.Equal(later, text) {
		t.Fatal("nothing changed")
	}
	if err := os.WriteFile(filepath.Join(dir, reportFile), later, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"show"}, {"judge"}, {"html"}, {"export"}} {
		if _, told := squalls(t, report.ExitUsage, append(append([]string{"report"}, args...), dir)...); !strings.Contains(told, "its schema is 2, and this squall reads up to 1: use the one that wrote it") {
			t.Errorf("%v: %s", args, told)
		}
	}
}
