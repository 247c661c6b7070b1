package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// calmSuite is what the recipes run here: a run of seconds, which passes.
const calmSuite = `name: nightly
scenarios: [ calm.yaml ]
`

const calmScenario = `name: calm
broker: { kind: kafka, run: embedded, nodes: 1 }
topic: { partitions: 2, replicas: 1 }
load: { rate: 200/s, size: 100B, producers: { count: 1 }, consumers: { count: 1 } }
phases: { warm-up: 1s, baseline: 1s, recovery: 1s }
expect: [ lost == 0 ]
`

// recipe reads one of the recipes that are shipped.
func recipe(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "ci", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(text, into); err != nil {
		t.Fatal(err)
	}
}

// A job is a folder in which the commands of a recipe run as written, with squall itself, and with a Go that only tells what it is asked.
type job struct {
	dir string
	env []string
}

func newJob(t *testing.T, suite string) *job {
	t.Helper()
	j := &job{dir: t.TempDir()}
	bin := filepath.Join(j.dir, "bin")
	for name, text := range map[string]string{
		"squall/nightly.yaml": suite, "squall/calm.yaml": calmScenario,
		"bin/go": "#!/bin/sh\necho \"CGO_ENABLED=$CGO_ENABLED go $*\" >> \"" + filepath.Join(j.dir, "asked") + "\"\n",
	} {
		path := filepath.Join(j.dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	j.env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "DOCKER_HOST=tcp://127.0.0.1:1", "GORACE=atexit_sleep_ms=0")
	return j
}

// set sets the variables of a recipe, but for those that would lead to a Docker engine.
func (j *job) set(vars map[string]string) {
	for name, value := range vars {
		if name != "DOCKER_HOST" {
			j.env = append(j.env, name+"="+value)
		}
	}
}

// run runs a command as a CI system does, and returns its exit code.
func (j *job) run(t *testing.T, args ...string) int {
	t.Helper()
	c := exec.Command("bash", args...)
	c.Dir, c.Env = j.dir, j.env
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", strings.Join(args, " "), out)
	return c.ProcessState.ExitCode()
}

// has reports whether a file that the job left matches.
func (j *job) has(t *testing.T, file, pattern string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(j.dir, file))
	if err != nil {
		t.Error(err)
	} else if !regexp.MustCompile(pattern).Match(text) {
		t.Errorf("%s does not match %s:\n%s", file, pattern, text)
	}
}

// The commands of the workflow for GitHub run as they are written, and every action is pinned by its hash.
func TestRecipeForGitHub(t *testing.T) {
	var w struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []struct{ Uses, Run, If string }
		}
	}
	recipe(t, "github.yml", &w)
	is := w.Jobs["squall"]
	j := newJob(t, calmSuite)
	j.set(is.Env)
	j.env = append(j.env, "GITHUB_STEP_SUMMARY="+filepath.Join(j.dir, "step.md"), "CI=true")
	pinned := regexp.MustCompile(`^actions/[a-z/-]+@[0-9a-f]{40}$`)
	kept := 0
	for _, s := range is.Steps {
		switch {
		case s.Run != "":
			if code := j.run(t, "-e", "-c", s.Run); code != 0 {
				t.Errorf("%s: exit code %d", s.Run, code)
			}
		case !pinned.MatchString(s.Uses):
			t.Errorf("%q is not pinned", s.Uses)
		case (strings.Contains(s.Uses, "upload-artifact") || strings.Contains(s.Uses, "cache/save")) && s.If == "always()":
			kept++
		}
	}
	if kept != 2 {
		t.Error("results and the history are not both kept after a failure")
	}
	j.has(t, "asked", `^CGO_ENABLED=0 go install github\.com/seed-228c25e4/squall/cmd/squall@latest\n$`)
	j.has(t, "step.md", `✅ pass: nightly`)
	j.has(t, "squall-results/junit.xml", `<testsuite name="calm" .*failures="0" errors="0"`)
	j.has(t, "squall-results/1-calm/report.json", `"exit_code":0`)
}

// gitLabJob is what is read of the recipe for GitLab.
type gitLabJob struct {
	Services  []struct{ Name, Alias string }
	Variables map[string]string
	Script    []string
	Artifacts struct {
		When    string
		Paths   []string
		Reports struct{ JUnit string }
	}
}

func recipeForGitLab(t *testing.T) gitLabJob {
	t.Helper()
	var w map[string]gitLabJob
	recipe(t, "gitlab.yml", &w)
	return w["squall-nightly"]
}

// The commands of the job for GitLab run as they are written, and its test report is the suite's.
func TestRecipeForGitLab(t *testing.T) {
	is := recipeForGitLab(t)
	if len(is.Services) != 1 || is.Variables["DOCKER_HOST"] != "tcp://"+is.Services[0].Alias+":2375" || is.Artifacts.When != "always" {
		t.Errorf("%+v", is)
	}
	j := newJob(t, calmSuite)
	j.set(is.Variables)
	if code := j.run(t, "-e", "-c", strings.Join(is.Script, "\n")); code != 0 {
		t.Errorf("exit code %d", code)
	}
	j.has(t, "asked", `^CGO_ENABLED=0 go install github\.com/seed-228c25e4/squall/cmd/squall@latest\n$`)
	j.has(t, is.Artifacts.Reports.JUnit, `<testsuites name="nightly"`)
}

// The script hands squall's exit code on.
func TestRecipeForTheShell(t *testing.T) {
	script, err := filepath.Abs(filepath.Join("..", "..", "docs", "ci", "nightly.sh"))
	if err != nil {
		t.Fatal(err)
	}
	j := newJob(t, strings.Replace(calmSuite, "calm.yaml", "{ scenario: calm.yaml, set: { verdict: fail(lost) } }", 1))
	if code := j.run(t, script, "squall/nightly.yaml", "results"); code != 10 {
		t.Errorf("exit code %d, want 10", code)
	}
	j.has(t, "results/index.html", `1-calm/report\.`)
	if code := j.run(t, script, "squall/calm.yam", "none"); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
}
