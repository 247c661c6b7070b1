package squall_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/seed-228c25e4/squall"

// rooms says which rooms there are, and which of ours each may import. A room that is not listed has no place; an import that is not listed is a
// change of architecture. Test files in an external _test package may besides use drivers, brokertest and testbeds.
var rooms = map[string][]string{
	"broker":            {},
	"report":            {},
	"host":              {},
	"broker/kafka":      {"broker", "broker/conns", "broker/observe"},
	"broker/nats":       {"broker", "broker/conns", "broker/observe"},
	"broker/rabbitmq":   {"broker", "broker/conns", "broker/observe"},
	"broker/conns":      {"broker"},
	"broker/observe":    {"broker"},
	"broker/brokertest": {"broker"},
	"report/formats":    {"report"},
	"report/compare":    {"report"},
	"links":             {"broker"},
	"testcontainers":    {"broker", "host", "links"},
	"embedded":          {"broker", "links"},
	"external":          {"broker"},
	"ledger":            {"broker", "report"},
	"loadgen":           {"broker", "report"},
	"faults":            {"broker", "report"},
	"recovery":          {"report"},
	"scenarios":         {"broker", "faults", "loadgen", "report"},
	"":                  {"broker", "faults", "host", "ledger", "loadgen", "recovery", "report", "scenarios"},
	"suite":             {"", "report", "report/compare", "report/formats", "scenarios"},
	"capacity":          {"", "report", "report/compare", "report/formats", "scenarios"},
	"bench":             {"", "broker", "broker/kafka", "embedded", "ledger", "live/tui", "loadgen", "report", "testcontainers"}, // all of it is tests
	"live/prom":         {"report"},
	"live/tui":          {"report"},
	"cmd/squall": {"", "broker", "broker/kafka", "broker/nats", "broker/rabbitmq", "embedded", "external", "faults", "host", "links", "live/prom", "live/tui", "recovery", "report", "report/compare", "report/formats", "scenarios",
		"capacity", "suite", "testcontainers"},
}

// foreign says which rooms alone may import a library.
var foreign = map[string][]string{
	"github.com/twmb/franz-go/pkg/kfake":      {"embedded"},
	"github.com/twmb/franz-go":                {"broker/kafka", "embedded"},
	"github.com/nats-io/nats-server":          {"embedded"},
	"github.com/nats-io/nats.go":              {"broker/nats"},
	"github.com/rabbitmq/amqp091-go":          {"broker/rabbitmq"},
	"github.com/Shopify/toxiproxy":            {"links"},
	"github.com/testcontainers":               {"testcontainers"},
	"github.com/moby/moby":                    {"testcontainers"},
	"github.com/docker":                       {"testcontainers"},
	"github.com/HdrHistogram/hdrhistogram-go": {"faults", "loadgen", "report/formats"}, // each keeps times of its own, in the same bounded way
	"go.yaml.in/yaml":                         {"scenarios"},
	"github.com/spf13/cobra":                  {"cmd/squall"},
	"charm.land":                              {"live/tui"},
	"github.com/charmbracelet":                {"live/tui"},
}

// testsMay is what external test files may import beyond their room's own.
var testsMay = []string{"broker/brokertest", "broker/kafka", "broker/nats", "broker/rabbitmq", "embedded", "external", "testcontainers", "links", "broker", "report", "scenarios"}

func TestLayout(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && file != "."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		checkFile(t, filepath.ToSlash(file))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkFile(t *testing.T, file string) {
	room := path.Dir(file)
	if room == "." {
		room = ""
	}
	allowed, known := rooms[room]
	if !known {
		t.Errorf("%s: no room %q in the plan of the house", file, room)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	external := strings.HasSuffix(f.Name.Name, "_test")
	for _, spec := range f.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		checkImport(t, file, room, imported, allowed, external)
	}
}

func checkImport(t *testing.T, file, room, imported string, allowed []string, external bool) {
	ours, isOurs := strings.CutPrefix(imported, module)
	ours = strings.TrimPrefix(ours, "/")
	if isOurs {
		switch {
		case slices.Contains(allowed, ours), external && (ours == room || slices.Contains(testsMay, ours)):
		default:
			t.Errorf("%s: room %q may not import room %q", file, room, ours)
		}
		return
	}
	library := ""
	for prefix := range foreign {
		if (imported == prefix || strings.HasPrefix(imported, prefix+"/")) && len(prefix) > len(library) {
			library = prefix
		}
	}
	if library != "" && !external && !slices.Contains(foreign[library], room) {
		t.Errorf("%s: only %v may import %s", file, foreign[library], library)
	}
	ground := room == "broker" || room == "report"
	if ground && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") && !strings.HasSuffix(file, "_test.go") {
		t.Errorf("%s: the ground floor imports the standard library only, not %s", file, imported)
	}
}

// Every room that has code has a comment that says what it is.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for room := range rooms {
		files, _ := filepath.Glob(filepath.Join(".", room, "*.go"))
		said := len(files) == 0
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Error(err)
				continue
			}
			said = said || f.Doc != nil && !strings.HasSuffix(f.Name.Name, "_test")
		}
		if !said {
			t.Errorf("room %q has no package comment", room)
		}
	}
}

// The owner's names stay at the top level.
func TestOwnersNames(t *testing.T) {
	for _, name := range []string{"cmd", "scenarios", "faults", "loadgen", "report", "testcontainers", "go.mod", "Makefile"} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}
