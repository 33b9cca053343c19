package transfer

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// treePatience is how long a source has to give the tree before another is asked, too.
const treePatience = time.Second

// treeFrom says whether c is to be asked for the file's tree now, by which path and
// with which root; s.mu is held.
func (s *swarm) treeFrom(c *candidate) (path string, root tiger.Digest, ok bool) {
	if s.blocks.tree != nil || !s.mayGiveTree(c) || s.treeAsked != nil && time.Since(s.treeAt) < treePatience {
		return "", root, false
	}
	s.treeAsked, s.treeAt, c.treeTried = c, time.Now(), true
	return c.treePath, c.treeRoot, true
}

// mayGiveTree reports whether c may have a tree that is of use, and has not been asked for
// it; s.mu is held.
func (s *swarm) mayGiveTree(c *candidate) bool {
	return !c.out && !c.aside && !c.treeTried && c.treePath != "" && (s.blocks.only == nil || s.blocks.only == c) &&
		(!s.job.URN.HasTiger || c.treeRoot == s.job.URN.Tiger) && !slices.Contains(s.doubts.roots, c.treeRoot)
}

// awaitsTree reports whether a file that is there and does not match waits for a tree,
// which tells what of it is wrong; s.mu is held.
func (s *swarm) awaitsTree() bool {
	return s.doubts.treeless && s.blocks.whole() && s.blocks.tree == nil &&
		(s.treeAsked != nil || slices.ContainsFunc(s.all, s.mayGiveTree))
}

// learnTree takes where a source has the file's tree (section 21): at itself only. A path is
// visible ASCII (RFC 3986), and one that begins with two slashes names another host.
func (c *candidate) learnTree(h http.Header) {
	path, root, ok := strings.Cut(strings.TrimSpace(h.Get("X-Thex-URI")), ";")
	d, err := tiger.Parse(strings.TrimSpace(root))
	if ok && err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsFunc(path, invisible) {
		c.treePath, c.treeRoot = path, d
	}
}

func invisible(r rune) bool { return r <= ' ' || r >= 0x7f }

// gotTree takes the tree that c gave, if it is one of the file.
func (s *swarm) gotTree(c *candidate, b []byte, root tiger.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocks.tree != nil {
		return
	}
	x, err := protocol.ParseTHEX(b, s.blocks.size, root)
	if err != nil {
		s.log.WithField("addr", c.String()).WithError(err).Debug("no tree")
		return
	}
	var by *candidate
	if !s.job.URN.HasTiger {
		by = c
	}
	t := newTree(x.Levels, len(s.blocks.list), by)
	if t == nil {
		return
	}
	s.trust(t)
	s.store.keepTree(t)
}

// trust takes a tree, and holds against it what has come; s.mu is held.
func (s *swarm) trust(t *tree) {
	s.blocks.tree = t
	s.settled()
	for i := 0; i < len(s.blocks.list) && s.blocks.tree == t; i += t.span {
		if j := s.blocks.settle(i); len(j.blocks) > 0 {
			_ = s.wrong(nil, j) // there is no fetcher of the one who is to blame here
		}
	}
	s.news.ring()
	s.rouse()
}

// giveUpTree forgets a tree for which only a source vouches. What fits it is not
// verified by that; s.mu is held.
func (s *swarm) giveUpTree() {
	s.doubts.roots = append(s.doubts.roots, s.blocks.tree.root)
	s.blocks.tree = nil
	clear(s.blocks.good)
	for _, c := range s.all {
		c.doubted = false
	}
	s.log.Info("a source's tree is contradicted: it is not believed")
	s.rouse()
}
