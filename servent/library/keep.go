package library

import (
	"errors"

	"github.com/sirupsen/logrus"
)

const (
	// saveBatch is how many records are written at once.
	saveBatch = 4096
	// maxRecreated is how often a damaged cache is made anew while the process runs.
	maxRecreated = 3
)

// openCache takes up the hashes that were kept. Without them everything is
// hashed, which costs time only.
func (l *Library) openCache() {
	if l.cfg.CachePath == "" {
		return
	}
	log := l.cfg.Log.WithFields(logrus.Fields{"component": "library", "file": l.cfg.CachePath})
	c, why, err := openCache(l.cfg.CachePath)
	if why != nil {
		log.WithError(why).Warn("hash cache begun anew: all shared files are hashed once more")
	}
	if err != nil {
		log.WithError(err).Error("hashes are not kept, and every start hashes all files: check the data dir")
		return
	}
	l.cache, l.id = c, c.id
}

// Close gives the hash cache back. Nothing can be added after that.
func (l *Library) Close() error {
	l.busy <- struct{}{}
	defer l.unlock()
	if l.cache == nil {
		return nil
	}
	var shared []string
	for _, root := range l.Roots() {
		shared = append(shared, root.Dir)
	}
	err := l.cache.close(shared...)
	l.dropTrees(l.cache.purged)
	l.cache = nil
	return err
}

// ID tells whose indices the library gives: it is another text whenever they
// begin anew. Without a text they begin anew at every start.
func (l *Library) ID() string { return l.id }

// load brings what is kept of a folder into its tree, which nobody else looks at
// yet. Nothing of it is shared until a scan has found it on disk.
func (l *Library) load(s *share) error {
	if l.cache == nil {
		return nil
	}
	in, rel := s.tree, ""
	damaged := 0
	err := l.cache.load(s.dir, func(path, record []byte) {
		var e entry
		dir, name := split(path)
		if !e.readRecord(string(path), record) {
			damaged++
			return
		}
		if string(dir) != rel {
			rel = string(dir)
			in = s.tree.make(rel)
		}
		to := in.add(string(name))
		e.in, e.name = in, to.name
		*to = e
	})
	if damaged > 0 {
		l.log(s).WithField("files", damaged).Warn("records of the hash cache are damaged: these files are hashed once more")
	}
	return err
}

// split cuts a path behind its last slash.
func split(rel []byte) (dir, name []byte) {
	for i := len(rel); i > 0; i-- {
		if rel[i-1] == '/' {
			return rel[:i], rel[i:]
		}
	}
	return nil, rel
}

// keep writes down what was found out. What cannot be kept is hashed again
// after the next start.
func (l *Library) keep(ch change) {
	if l.cache == nil {
		return
	}
	for len(ch.put)+len(ch.drop) > 0 {
		p, d := min(len(ch.put), saveBatch), min(len(ch.drop), saveBatch)
		if err := l.cache.save(change{ch.dir, ch.put[:p], ch.drop[:d]}); err != nil {
			l.failed(err)
			return
		}
		ch.put, ch.drop = ch.put[p:], ch.drop[d:]
	}
}

// newIndex gives an index that nothing has had before.
func (l *Library) newIndex() (uint32, error) {
	if l.cache == nil {
		l.last++
		return l.last, nil
	}
	i, err := l.cache.index()
	if errors.Is(err, errDamaged) {
		l.failed(err)
		return l.newIndex()
	}
	l.last = max(l.last, i)
	return i, err
}

// failed deals with a cache that could not be written or read. A damaged one is
// made anew from what is known.
func (l *Library) failed(err error) {
	log := l.cfg.Log.WithFields(logrus.Fields{"component": "library", "file": l.cache.path}).WithError(err)
	if !errors.Is(err, errDamaged) {
		log.Warn("hashes cannot be kept: these files are hashed again after the next start; check the disk")
		return
	}
	if l.recreated++; l.recreated <= maxRecreated {
		if l.cache, err = l.cache.create(); err == nil {
			log.Warn("hash cache made anew")
			l.keepAll()
			return
		}
	}
	l.cache = nil // its locks may be held for ever
	log.Error("hashes are no longer kept: restart the servent, and check the disk")
}

// keepAll writes down everything that is known.
func (l *Library) keepAll() {
	for _, s := range l.shares {
		ch := change{dir: s.dir}
		s.tree.each(func(e *entry) {
			if e.known && e.index != 0 {
				ch.put = append(ch.put, e)
			}
		})
		l.keep(ch)
	}
}
