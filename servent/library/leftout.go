package library

import (
	"path"
	"slices"
)

// maxLeftOut bounds the list of a folder; the rest is only counted.
const maxLeftOut = 1000

// leaveOut notes that something in a folder is not shared. Library.mu is held.
func (s *share) leaveOut(in *folder, rel, reason string) {
	in.left++
	if s.nleft++; len(s.left) < maxLeftOut {
		s.left = append(s.left, LeftOut{rel, reason})
	}
}

// forgetLeft takes back what leaveOut has noted of a folder. Library.mu is held.
func (s *share) forgetLeft(in *folder) {
	if in.left == 0 {
		return
	}
	s.nleft -= in.left
	in.left = 0
	dir := path.Clean("/" + in.rel())
	s.left = slices.DeleteFunc(s.left, func(o LeftOut) bool {
		return path.Dir("/"+o.Rel) == dir || "/"+o.Rel == dir // a folder that cannot be read is its own
	})
}

// leaveOut notes that a file is not shared.
func (l *Library) leaveOut(e *entry, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.in.share.leaveOut(e.in, e.rel(), reason)
}
