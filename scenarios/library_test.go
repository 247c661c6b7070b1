package scenarios

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestLibrary(t *testing.T) {
	t.Parallel()
	longest := map[string]time.Duration{"quickstart": 19 * time.Second, "kafka-leader-kill": 100 * time.Second}
	for _, name := range Library() {
		file, data, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(file, data, Options{Kinds: libraryKinds})
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != name || s.About == "" || len(s.Expect) == 0 {
			t.Errorf("%s calls itself %q, about %q, and expects %d things", name, s.Name, s.About, len(s.Expect))
		}
		if limit, ok := longest[name]; ok && s.LoadEnd() > limit {
			t.Errorf("%s has %v of load, more than %v", name, s.LoadEnd(), limit)
		}
	}
}

// The scenarios that the documents show can be run.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"orders", "orders-capacity"} {
		file := "../docs/examples/" + name + ".yaml"
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := Parse(file, data, Options{Kinds: libraryKinds}); err != nil || s.Name != name {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	if _, _, err := Open("quikstart"); err == nil || !strings.Contains(err.Error(), `did you mean "quickstart"?`) {
		t.Errorf("got %v, want a suggestion", err)
	}
	if name, data, err := Open("library/quickstart.yaml"); err != nil || name != "library/quickstart.yaml" || len(data) == 0 {
		t.Errorf("a file: %q, %d bytes, %v", name, len(data), err)
	}
	for _, bad := range []string{"./quickstart", "library/", "nowhere.yaml"} {
		if _, _, err := Open(bad); err == nil {
			t.Errorf("%s was opened", bad)
		}
	}
}
