package servent

import (
	"context"

	"github.com/seed282dab8e/servent/servent/library"
)

// Report tells what sharing a folder would mean.
type Report = library.Report

// MakeReport looks through a folder as Share does, but reads no file and needs no
// servent. It calls progress with the number of files found by then, often.
func MakeReport(ctx context.Context, dir string, progress func(files int)) (Report, error) {
	return library.MakeReport(ctx, dir, progress)
}
