// Command sidecar is the sidecar alone, for tests: there the running program is the test itself, which holds no sidecar.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/seed-228c25e4/squall/links"
)

func main() {
	if err := links.SidecarMain(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
