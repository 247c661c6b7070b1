package formats

import (
	"io"
	"strings"
	"testing"
)

// A report that was damaged is shown as far as it goes, and brings nobody down.
func TestViewsOfDamagedReports(t *testing.T) {
	for _, damaged := range []string{`"run":{"took_ns":-9223372036854775808}`, `"windows":[{"start_ns":-9223372036854775808},{"start_ns":9223372036854775807}]`} {
		r, err := ReadJSON(strings.NewReader(`{"schema":1,` + damaged + `}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range append([]File{{"text", Text}}, Files...) {
			if err := f.Write(io.Discard, r); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
}
