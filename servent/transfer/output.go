package transfer

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/journal"
)

const (
	partSuffix  = ".part"
	maxNumbered = 1000 // names tried before giving up: name, name (1), …
)

// createFunc makes a file that must not exist yet.
type createFunc func(path string) (partFile, error)

func createPart(path string) (partFile, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
}

// output is a file on its way to its final name. As long as it is a .part
// file, which is locked, nothing lies under a final name.
type output struct {
	dir, name string
	path      string // of the .part file, empty once it is gone
	file      partFile
	keeps     bool             // a journal may lie beside it
	journal   *journal.Journal // nil: there is none yet
	unusable  []string         // .part files of this name whose journals are damaged
}

// openOutput takes up the .part file of the content that job wants, or creates
// one. Another download's, or one that somebody left behind, is never touched:
// the next number is taken. errTaken says that the content is being downloaded
// into that folder already.
func openOutput(job *Job, create createFunc) (*output, error) {
	var unusable []string
	for i := range maxNumbered {
		path := filepath.Join(job.Dir, numbered(job.Name, i)+partSuffix)
		claimed := job.kept() && claim(path+journalSuffix)
		f, err := create(path)
		if err == nil {
			return newOutput(job, path, f, unusable)
		}
		var o *output
		if errors.Is(err, fs.ErrExist) {
			o, err = adopt(path, job)
		}
		if o != nil {
			return o, nil
		}
		if err == nil && isDamaged(path+journalSuffix) {
			unusable = append(unusable, path)
		}
		if claimed && isBlank(path+journalSuffix) {
			_ = os.Remove(path + journalSuffix) // nothing is in it
		}
		if err != nil {
			return nil, explain(err)
		}
	}
	return nil, tooMany(job.Dir, job.Name+partSuffix)
}

// warn says what an earlier download may have left that nobody can go on from.
func (o *output) warn(log logrus.FieldLogger) {
	for _, path := range o.unusable {
		log.WithField("path", path).Warn("the journal of this .part file is damaged, so nobody knows what in it is right: it is left as it is, and a new one begun; remove it when you do not need it")
	}
}

// newOutput makes an output of a .part file that was just created.
func newOutput(job *Job, path string, f partFile, unusable []string) (*output, error) {
	o := &output{dir: job.Dir, name: job.Name, path: path, file: f, unusable: unusable}
	if file, ok := f.(*os.File); ok && isLocked(lock(file)) { // another download was quicker to take it up
		_ = f.Close() // nothing was written
		return nil, errTaken
	}
	o.keeps = job.kept() && isOurs(path+journalSuffix)
	return o, nil
}

// begin makes a journal for a file whose size is known now, in place of any that there
// is; nil where the file is not worth one, or it cannot be made: then an interrupted
// download starts over.
func (o *output) begin(h journal.Head, p *publisher) *journal.Journal {
	if !o.keeps || h.Size <= minJournal {
		return nil
	}
	o.closeJournal()
	f, err := os.OpenFile(o.path+journalSuffix, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil
	}
	j, err := journal.Create(f, h)
	if err == nil {
		err = p.names.join(o.dir, struct{}{}) // both names: one without the other is of no use
	}
	if err != nil {
		_ = f.Truncate(0) // it shall tell nothing
		_ = f.Close()
		return nil
	}
	o.journal = j
	return j
}

func (o *output) closeJournal() {
	if o.journal != nil {
		_ = o.journal.Close() // each record was synced
		o.journal = nil
	}
}

// kept reports whether an interrupted download of the job is worth a journal.
func (j *Job) kept() bool { return j.named() && (j.Size == 0 || j.Size > minJournal) }

// errTaken says that another download of the same content has the .part file.
var errTaken = errors.New("being downloaded into that folder already")

// adopt takes up the .part file at path if its journal says that it is of the
// content that job wants, or if a download was killed just after it had created
// both. Nil without error: it is not to be taken.
func adopt(path string, job *Job) (*output, error) {
	h, err := readHead(path + journalSuffix)
	blank := errors.Is(err, journal.ErrDamaged) && isBlank(path+journalSuffix)
	if !job.named() || !blank && (err != nil || !sameContent(h.URN, job.URN)) {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil
	}
	if err := lock(f); err != nil {
		_ = f.Close() // nothing was written
		return nil, errTaken
	}
	if !isAt(f, path) { // it has got its name in the meantime
		_ = f.Close()
		return nil, errTaken
	}
	o := &output{dir: job.Dir, name: job.Name, path: path, file: f, keeps: true}
	if blank && isEmpty(f) {
		return o, nil
	}
	if o.journal, err = openJournal(path + journalSuffix); err != nil || blank || !ourBlocks(o.journal.Head()) {
		_ = f.Close() // nothing was written
		o.closeJournal()
		return nil, nil
	}
	return o, nil
}

// minJournal is the size up to which a file is fetched again from the start.
const minJournal = 1 << 20

// journalSuffix stands behind the name of the .part file.
const journalSuffix = ".journal"

// claim makes an empty file where the journal is to be, which marks an empty .part
// file beside it as one of ours; false: there is a file.
func claim(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// ourBlocks reports whether a journal counts in the blocks that we do.
func ourBlocks(h journal.Head) bool { return h.Block == tiger.PartSize(h.Size) }

// isBlank reports whether the journal at path is one that nothing was recorded in.
func isBlank(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == 0
}

// isDamaged reports whether there was a journal at path once.
func isDamaged(path string) bool {
	_, err := readHead(path)
	return errors.Is(err, journal.ErrDamaged) && !isBlank(path)
}

// isOurs reports whether there is no file at path but a journal.
func isOurs(path string) bool {
	_, err := readHead(path)
	return err == nil || errors.Is(err, fs.ErrNotExist) || isBlank(path)
}

// readHead returns of which download the journal at path is, and changes nothing.
func readHead(path string) (journal.Head, error) {
	f, err := os.Open(path)
	if err != nil {
		return journal.Head{}, err
	}
	defer f.Close()
	return journal.ReadHead(f)
}

func openJournal(path string) (*journal.Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(f)
	if err != nil {
		_ = f.Close() // it is not ours
	}
	return j, err
}

// tidy removes what a download left that was killed after its file got its name.
func tidy(job *Job) {
	for i := range maxNumbered {
		path := filepath.Join(job.Dir, numbered(job.Name, i)+partSuffix)
		h, err := readHead(path + journalSuffix)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return
		case err != nil || !sameContent(h.URN, job.URN):
			continue
		}
		if o, _ := adopt(path, job); o != nil {
			o.discard()
		} else if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(path + journalSuffix) // it is of no use
		}
	}
}

func isEmpty(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Size() == 0
}

// isAt reports whether f is what lies at path.
func isAt(f *os.File, path string) bool {
	have, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(have, there)
}

// sameContent reports whether two URNs can name one content, and share a hash.
func sameContent(a, b protocol.URN) bool {
	sha, tree := a.HasSHA1 && b.HasSHA1, a.HasTiger && b.HasTiger
	return (sha || tree) && (!sha || a.SHA1 == b.SHA1) && (!tree || a.Tiger == b.Tiger)
}

// discard closes and removes the .part file, if there is one left.
func (o *output) discard() {
	if o.file != nil {
		_ = o.file.Close() // it is removed: what is lost does not matter
	}
	if o.path != "" {
		_ = os.Remove(o.path) // nothing more can be done about it
		o.endJournal(o.path)
	}
}

// keep closes the .part file and leaves it, with its journal, for a later download.
func (o *output) keep() {
	_ = o.file.Close() // what counts was synced
	o.closeJournal()
	o.file, o.path, o.keeps = nil, "", false
}

// endJournal removes a journal that is not needed any more.
func (o *output) endJournal(part string) {
	if !o.keeps {
		return
	}
	o.closeJournal()
	path := part + journalSuffix
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = os.Truncate(path, 0) // at least it shall tell nothing
	}
	o.keeps = false
}

// numbered gives name, "stem (1).ext", "stem (2).ext" and so on.
func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	ext := filepath.Ext(name)
	return fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, ext), i, ext)
}

// findCopy looks whether dir already holds the content that want names under
// name or a number of it. size 0 means any.
func findCopy(ctx context.Context, dir, name string, want protocol.URN, size uint64) (string, uint64, bool) {
	for i := range maxNumbered {
		path := filepath.Join(dir, numbered(name, i))
		info, err := os.Lstat(path)
		if err != nil || ctx.Err() != nil {
			return "", 0, false
		}
		if holds(ctx, path, info, want, size) {
			return path, uint64(info.Size()), true
		}
	}
	return "", 0, false
}

// holds reports whether the file at path has the content that want names. A
// file that cannot be read does not.
func holds(ctx context.Context, path string, info fs.FileInfo, want protocol.URN, size uint64) bool {
	if !info.Mode().IsRegular() || size != 0 && uint64(info.Size()) != size {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	sha, tree := sha1.New(), new(tiger.Tree)
	dst := io.Writer(sha)
	if want.HasTiger {
		dst = io.MultiWriter(sha, tree)
	}
	if _, err := io.CopyBuffer(dst, untilDone{ctx, f}, make([]byte, chunk)); err != nil {
		return false
	}
	got := protocol.URN{Tiger: tree.Root(), HasSHA1: true, HasTiger: want.HasTiger}
	sha.Sum(got.SHA1[:0])
	return matches(got, want)
}

// holdsAt is holds for a path at which anything may lie.
func holdsAt(ctx context.Context, path string, want protocol.URN, size uint64) bool {
	info, err := os.Lstat(path)
	return err == nil && holds(ctx, path, info, want, size)
}

// matches reports whether got has every hash that want has, and the same.
func matches(got, want protocol.URN) bool {
	if want.HasSHA1 && (!got.HasSHA1 || got.SHA1 != want.SHA1) {
		return false
	}
	return !want.HasTiger || got.HasTiger && got.Tiger == want.Tiger
}

// untilDone is a reader that fails once its context is done.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// checkDir returns an error when dir is no folder.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("output folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("output folder: %s is not a folder", dir)
	}
	return nil
}

// explain adds to an error of the output folder what can be done about it.
func explain(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, errNoRoom):
		return fmt.Errorf("%w: make room or choose another output folder", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: choose an output folder that can be written", err)
	}
	return err
}

func tooMany(dir, name string) error {
	return fmt.Errorf("create %s: %d files of that name exist already", filepath.Join(dir, name), maxNumbered)
}
