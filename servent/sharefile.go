package servent

import (
	"context"
	"path/filepath"
	"time"
)

const (
	// sharesWaiting is how many downloaded files may wait to be hashed for sharing; a
	// download that is done after so many waits, too.
	sharesWaiting = 1024
	// sharesGather is for how long files are gathered, as each look at a folder
	// takes the longer the more lies in it.
	sharesGather = 100 * time.Millisecond
	// sharesLook is how often it is looked whether such files have changed or gone.
	sharesLook = 10 * time.Minute
)

// shareFile has a file shared that was downloaded.
func (s *Servent) shareFile(path string) {
	select {
	case s.fetched <- path:
	case <-s.done:
	}
}

// shareFiles shares files that were downloaded, folder by folder.
func (s *Servent) shareFiles(ctx context.Context) {
	for {
		folders := s.fetchedFiles(ctx)
		if ctx.Err() != nil {
			return
		}
		if len(folders) == 0 {
			if err := s.lib.RefreshSingle(ctx); err != nil && ctx.Err() == nil {
				s.log.WithField("component", "library").WithError(err).Warn("downloaded files could not be looked at")
			}
		}
		for dir, names := range folders {
			if err := s.lib.AddFiles(ctx, dir, names...); err != nil && ctx.Err() == nil {
				s.log.WithField("component", "library").WithError(err).Warn("what was downloaded is not shared")
			}
			s.brought.drop(dir, names)
		}
	}
}

// fetchedFiles waits for files that were downloaded and returns, by folder, those that have
// come by a little later; none where nothing comes in sharesLook.
func (s *Servent) fetchedFiles(ctx context.Context) map[string][]string {
	folders := map[string][]string{}
	enough := time.After(sharesLook)
	for n := 0; n < sharesWaiting; n++ {
		select {
		case path := <-s.fetched:
			dir := filepath.Dir(path)
			folders[dir] = append(folders[dir], filepath.Base(path))
		case <-enough:
			return folders
		case <-ctx.Done():
			return nil
		}
		if n == 0 {
			enough = time.After(sharesGather)
		}
	}
	return folders
}
