package servent

import (
	"context"

	"github.com/seed282dab8e/servent/servent/library"
)

// Report tells what sharing a folder would mean.
type Report = library.Report

// ReportConfig says what a report is to be like.
type ReportConfig = library.ReportConfig

// MakeReport looks through a folder as Share does, but reads no file and needs no
// servent.
func MakeReport(ctx context.Context, dir string, cfg ReportConfig) (Report, error) {
	return library.MakeReport(ctx, dir, cfg)
}
