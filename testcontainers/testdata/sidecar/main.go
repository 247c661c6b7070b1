// Command sidecar is what squall runs beside brokers, for tests: there the running program is the test itself, which holds nothing of it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/seed-228c25e4/squall/links"
	"github.com/seed-228c25e4/squall/testcontainers"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) == 3 && os.Args[1] == "disk" {
		return testcontainers.ServeDisk(os.Args[2], os.Stdout)
	}
	return links.SidecarMain(context.Background())
}
