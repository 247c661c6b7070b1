package formats

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A browser shows the page without a word of complaint: its own policy forbids nothing that is in it.
func TestHTMLInABrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: the page was not opened in a browser")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, []byte(pageOf(t, long(120, 3))), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+dir, "--enable-logging=stderr", "--dump-dom", "file://"+file)
	var told strings.Builder
	c.Stderr = &told
	dom, err := c.Output()
	if err != nil && ctx.Err() != nil {
		t.Skip("chromium did not end within its time: the page was not opened in a browser")
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, told.String())
	}
	if strings.Contains(told.String(), "CONSOLE") {
		t.Errorf("the browser complains:\n%s", told.String())
	}
	if !strings.Contains(string(dom), "What became of the messages") {
		t.Errorf("the browser shows %d bytes without the balance", len(dom))
	}
}
