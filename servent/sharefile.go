package servent

import (
	"context"
)

// sharesWaiting is how many downloaded files may wait to be hashed for sharing; a
// download that is done after so many waits, too.
const sharesWaiting = 1024

// shareFile has a file shared that was downloaded.
func (s *Servent) shareFile(path string) {
	select {
	case s.fetched <- path:
	case <-s.done:
	}
}

// shareFiles shares files that were downloaded, one after the other.
func (s *Servent) shareFiles(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case path := <-s.fetched:
			if err := s.lib.AddFile(ctx, path); err != nil && ctx.Err() == nil {
				s.log.WithField("component", "library").WithError(err).Warn("a file that was downloaded is not shared")
			}
		}
	}
}
