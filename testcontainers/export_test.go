package testcontainers

import "context"

// AliveElsewhere returns what keeps a run alive for one who cannot see its process.
func AliveElsewhere(ctx context.Context, run string) (string, error) {
	e, err := connect(ctx)
	if err != nil {
		return "", err
	}
	defer e.Close()
	runs, err := e.runs(ctx, run)
	if err != nil || runs[run] == nil {
		return "", err
	}
	runs[run].owner = owner{}
	return e.alive(ctx, runs[run]), nil
}
