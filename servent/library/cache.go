package library

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
	"go.etcd.io/bbolt"
	bberrors "go.etcd.io/bbolt/errors"
)

const (
	// cacheVersion stands for what the buckets and records below mean.
	cacheVersion = 2
	// reserved is how many indices are set aside at once, so that none is given
	// twice, whatever becomes of the disk.
	reserved = 1 << 16
	// maxIndex is past which the cache begins anew at the next start: half of
	// what there is.
	maxIndex = 1 << 31
	// keepUnshared is how long hashes of a folder that nobody shares are kept.
	keepUnshared = 90 * 24 * time.Hour
	// cacheLockTime is how long to wait for another process to let the file go.
	cacheLockTime = 2 * time.Second
)

// Buckets and keys of the hash cache. "files" holds a bucket for each shared
// folder, by its path, with records by the paths below it; "used" when each of
// these folders was shared last.
var (
	metaBucket  = []byte("meta")
	filesBucket = []byte("files")
	usedBucket  = []byte("used")
	versionKey  = []byte("version")
	idKey       = []byte("id")
	nextKey     = []byte("next")
)

// errDamaged says that the cache's file is of no use.
var errDamaged = errors.New("hash cache is damaged")

// errVersion says that another program, older or newer, has written it.
var errVersion = errors.New("hash cache is of another version")

// cache keeps hashes on disk. It is used by one goroutine at a time.
type cache struct {
	path string
	file *os.File // that db has open
	size int64    // of file, after what was written last
	db   *bbolt.DB
	id   string
	next uint32 // index to be given next
	end  uint32 // indices from here on are not set aside yet

	purged []tiger.Digest // roots of large files that close has forgotten
}

// openCache opens the cache at path, or begins a new one. One that is damaged
// or of another version is replaced; why tells so.
func openCache(path string) (c *cache, why error, err error) {
	c = &cache{path: path}
	if why = c.open(); why == nil {
		return c, nil, nil
	}
	if !isUseless(why) { // the next start may be luckier
		return nil, nil, why
	}
	c = &cache{path: path}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, why, err
	}
	return c, why, c.open()
}

// isUseless says whether an error of opening is the file's fault, and not that of
// rights, disk or limits of the system.
func isUseless(err error) bool {
	for _, other := range []error{
		fs.ErrPermission, bberrors.ErrTimeout, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EIO, syscall.ENOSPC, syscall.EROFS,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// create begins a new cache with the indices of an old one.
func (c *cache) create() (*cache, error) {
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	fresh := &cache{path: c.path, id: c.id, next: c.next}
	return fresh, fresh.open()
}

func (c *cache) open() error {
	return guard(func() (err error) {
		// The list of free pages stays in the file: to find them bbolt would start a
		// goroutine, and what it panics over in there ends the process.
		c.db, err = bbolt.Open(c.path, 0o600, &bbolt.Options{
			Timeout: cacheLockTime, FreelistType: bbolt.FreelistMapType, OpenFile: c.openFile,
		})
		if err != nil {
			return err
		}
		if err := c.db.Update(c.begin); err != nil {
			_ = c.db.Close() // it is of no use
			return err
		}
		return c.measure()
	})
}

func (c *cache) openFile(name string, flag int, mode os.FileMode) (f *os.File, err error) {
	c.file, err = os.OpenFile(name, flag, mode)
	return c.file, err
}

// measure notes how long the file is, so that it shows when it was cut.
func (c *cache) measure() error {
	info, err := c.file.Stat()
	if err == nil {
		c.size = info.Size()
	}
	return err
}

// begin makes or reads what describes the cache.
func (c *cache) begin(tx *bbolt.Tx) error {
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	for _, name := range [][]byte{filesBucket, usedBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	switch version, id, next := meta.Get(versionKey), meta.Get(idKey), meta.Get(nextKey); {
	case version == nil:
		err = c.describe(meta)
	case len(version) != 1 || version[0] != cacheVersion:
		err = fmt.Errorf("%w: %d, this program has %d", errVersion, version, cacheVersion)
	case len(id) == 0 || len(next) != 4 || binary.LittleEndian.Uint32(next) > maxIndex:
		err = errDamaged
	default:
		c.id, c.next = string(id), binary.LittleEndian.Uint32(next)
	}
	c.end = c.next
	return err
}

// describe writes what begin reads.
func (c *cache) describe(meta *bbolt.Bucket) error {
	if c.id == "" {
		c.id, c.next = rand.Text(), 1
	}
	return errors.Join(
		meta.Put(versionKey, []byte{cacheVersion}),
		meta.Put(idKey, []byte(c.id)),
		meta.Put(nextKey, binary.LittleEndian.AppendUint32(nil, c.next)))
}

// purge forgets folders that were not shared for long.
func (c *cache) purge(tx *bbolt.Tx) error {
	var old [][]byte
	now := time.Now()
	err := tx.Bucket(usedBucket).ForEach(func(dir, when []byte) error {
		if len(when) != 8 || now.Sub(time.Unix(int64(binary.LittleEndian.Uint64(when)), 0)) > keepUnshared {
			old = append(old, dir)
		}
		return nil
	})
	for _, dir := range old {
		if files := tx.Bucket(filesBucket).Bucket(dir); files != nil {
			err = errors.Join(err, files.ForEach(c.noteRoot))
		}
		err = errors.Join(err, tx.Bucket(usedBucket).Delete(dir))
		if e := tx.Bucket(filesBucket).DeleteBucket(dir); !errors.Is(e, bberrors.ErrBucketNotFound) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// noteRoot notes the tree that goes with a record.
func (c *cache) noteRoot(rel, record []byte) error {
	var e entry
	if e.readRecord(string(rel), record) && e.size >= minKeptTree {
		c.purged = append(c.purged, e.tiger)
	}
	return nil
}

// load calls each for what is kept of a shared folder, in the order of the
// bytes of rel, which each may not keep, nor record. It also notes that the
// folder is in use.
func (c *cache) load(dir string, each func(rel, record []byte)) error {
	return guard(func() error {
		if err := c.db.Update(used(dir)); err != nil {
			return err
		}
		return c.db.View(func(tx *bbolt.Tx) error {
			files := tx.Bucket(filesBucket).Bucket([]byte(dir))
			if files == nil {
				return nil
			}
			return files.ForEach(func(rel, record []byte) error { each(rel, record); return nil })
		})
	})
}

// used notes that folders are in use now.
func used(dirs ...string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		var errs []error
		for _, dir := range dirs {
			errs = append(errs, tx.Bucket(usedBucket).Put([]byte(dir), timeBytes(time.Now())))
		}
		return errors.Join(errs...)
	}
}

func timeBytes(t time.Time) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(t.Unix())) }

// change is what is to be written of one shared folder.
type change struct {
	dir  string
	put  []*entry
	drop []string // paths
}

// save writes a change. It is on disk when save returns.
func (c *cache) save(ch change) error {
	if len(ch.put)+len(ch.drop) == 0 {
		return nil
	}
	if !c.inPlace() {
		_ = guard(c.db.Close) // gives back the file that has no name
		return fmt.Errorf("%w: its file has gone", errDamaged)
	}
	return guard(func() error { return errors.Join(c.db.Update(ch.write), c.measure()) })
}

func (ch change) write(tx *bbolt.Tx) error {
	files, err := tx.Bucket(filesBucket).CreateBucketIfNotExists([]byte(ch.dir))
	if err != nil {
		return err
	}
	files.FillPercent = 0.9 // paths come in their order, as a rule
	for _, rel := range ch.drop {
		if err := files.Delete([]byte(rel)); err != nil {
			return err
		}
	}
	for _, e := range ch.put {
		rel := e.rel()
		if len(rel) > bbolt.MaxKeySize || e.index == 0 {
			continue // is hashed again after a restart
		}
		if err := files.Put([]byte(rel), e.appendRecord(nil, rel)); err != nil {
			return err
		}
	}
	return nil
}

// index gives an index that nothing has had before.
func (c *cache) index() (uint32, error) {
	if c.next == c.end {
		err := guard(func() error {
			return c.db.Update(func(tx *bbolt.Tx) error {
				return tx.Bucket(metaBucket).Put(nextKey, binary.LittleEndian.AppendUint32(nil, c.end+reserved))
			})
		})
		if err != nil {
			return 0, err
		}
		c.end += reserved
	}
	c.next++
	return c.next - 1, nil
}

// inPlace says whether the open file is still the one at its path, and whole as
// far as its length tells.
func (c *cache) inPlace() bool {
	now, err := os.Stat(c.path)
	if err != nil {
		return false
	}
	was, err := c.file.Stat()
	return err == nil && os.SameFile(now, was) && now.Size() >= c.size
}

// close forgets what nobody shares any more, and gives the file back. What is
// shared until now was used just now, however long that has been, and whatever has
// become of the clock since.
func (c *cache) close(shared ...string) error {
	return guard(func() error {
		return errors.Join(c.db.Update(used(shared...)), c.db.Update(c.purge), c.db.Close())
	})
}

// guard turns what bbolt does over a damaged file, which is to panic, or to
// touch memory behind the end of a file that was cut, into an error.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	return f()
}
