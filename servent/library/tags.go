package library

import (
	"errors"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/dhowden/tag"
	"github.com/seed282dab8e/servent/search"
)

const (
	// maxTags is how long what tagsOf returns is at most.
	maxTags = 256
	// maxTagRead is how much of a file is read for its tags.
	maxTagRead = 1 << 20
	// maxTagSkip is how much of pictures and the like is stepped over.
	maxTagSkip = 8 << 20
	// maxTagReads is how many pieces a file's tags are read in. It takes four for
	// each frame; the time for frames of one name grows with their square.
	maxTagReads = 2048
	// largePiece is from which size on only the beginning of a piece is read.
	largePiece = 64 << 10
	pieceHead  = 512
	// maxTagField is how long a field is of which anything is taken.
	maxTagField = 4096
)

// errTagLimit says that tags need more reading than they are worth.
var errTagLimit = errors.New("tags are too large")

// tagsOf returns title, artist, album and genre of a file of sound or video, as
// far as it tells them: valid UTF-8, fit to be shown, at most maxTags bytes. It
// is "" for all other files, and for those that make no sense.
func tagsOf(r io.ReadSeeker, name string) (words string) {
	if !mayHaveTags(name) {
		return ""
	}
	// The parser is not ours, and strangers may have made the file.
	defer func() {
		if recover() != nil {
			words = ""
		}
	}()
	in := newTagReader(r)
	magic := make([]byte, 8)
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return ""
	}
	if _, err := io.ReadFull(in, magic); err != nil {
		return ""
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return ""
	}
	fields := readTags(in, magic)
	if len(fields) == 0 {
		if m, err := tag.ReadID3v1Tags(newTagReader(r)); err == nil {
			fields = fieldsOf(m)
		}
	}
	return joinTags(fields)
}

// readTags returns what is wanted of tags at the beginning of a file, or where
// that points to.
func readTags(in *tagReader, magic []byte) []string {
	switch {
	case string(magic[:4]) == "fLaC":
		return flacTags(in)
	case string(magic[:4]) == "OggS":
		return oggTags(in)
	case string(magic[4:]) == "ftyp":
		m, _ := tag.ReadAtoms(in) // what came before an error is good
		return fieldsOf(m)
	case string(magic[:3]) == "ID3":
		return fieldsOf(readID3v2(in))
	}
	return nil
}

// mayHaveTags knows the formats that tagsOf does.
func mayHaveTags(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp3", ".aac", ".m4a", ".m4b", ".mp4", ".m4v", ".mov", ".flac", ".ogg", ".oga", ".ogv", ".opus":
		return true
	}
	return false
}

// fieldsOf returns what is wanted of m, in the order of joinTags.
func fieldsOf(m tag.Metadata) []string {
	if m == nil {
		return nil
	}
	// To make sense of a genre takes time that grows with the square of its length.
	genre := m.Genre
	for _, key := range []string{"TCON", "TCO"} {
		if s, ok := m.Raw()[key].(string); ok && len(s) > maxTags {
			genre = func() string { return "" }
		}
	}
	var fields []string
	for _, field := range []func() string{m.Title, m.Artist, m.Album, genre} {
		if s := textField(field); s != "" {
			fields = append(fields, s)
		}
	}
	return fields
}

// textField returns a field, "" for one that holds no text: the parser panics
// over it.
func textField(field func() string) (s string) {
	defer func() {
		if recover() != nil {
			s = ""
		}
	}()
	return strings.TrimSpace(field())
}

// joinTags makes one text of fields.
func joinTags(fields []string) string {
	var b strings.Builder
	for _, f := range fields {
		if !utf8.ValidString(f) {
			f = fromLatin1(f[:min(len(f), maxTagField)])
		}
		f = strings.TrimSpace(search.Clean(f))
		if f != "" && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f)
	}
	return strings.TrimSpace(cutText(b.String(), maxTags))
}

// cutText returns the beginning of valid UTF-8, in at most n bytes.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// fromLatin1 reads text as old tags have it.
func fromLatin1(s string) string {
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}

// tagReader reads a file for its tags: only so much, in so many pieces. Of a
// large piece, which is a picture, only the beginning is read; the rest is zeros.
type tagReader struct {
	io.ReadSeeker
	reads, read, skip int // how much more is allowed
}

func newTagReader(r io.ReadSeeker) *tagReader {
	return &tagReader{r, maxTagReads, maxTagRead, maxTagSkip}
}

func (t *tagReader) Read(p []byte) (int, error) {
	if t.reads--; t.reads < 0 {
		return 0, errTagLimit
	}
	if len(p) > largePiece {
		return t.readHead(p)
	}
	if t.read -= len(p); t.read < 0 {
		return 0, errTagLimit
	}
	return t.ReadSeeker.Read(p)
}

// readHead fills p, but reads no more than its beginning.
func (t *tagReader) readHead(p []byte) (int, error) {
	if t.skip -= len(p); t.skip < 0 {
		return 0, errTagLimit
	}
	if n, err := io.ReadFull(t.ReadSeeker, p[:pieceHead]); err != nil {
		return n, err
	}
	clear(p[pieceHead:])
	// Is there as much? The last byte tells.
	if _, err := t.Seek(int64(len(p)-pieceHead-1), io.SeekCurrent); err != nil {
		return pieceHead, err
	}
	n, err := io.ReadFull(t.ReadSeeker, p[len(p)-1:])
	return len(p) - 1 + n, err
}

// readID3v2 reads tags that stand at the beginning of a file; nil: none.
func readID3v2(in *tagReader) tag.Metadata {
	r, err := resynchronised(in)
	if err != nil {
		return nil
	}
	m, err := tag.ReadID3v2Tags(r)
	if err != nil {
		return nil
	}
	return m
}

// resynchronised takes the zeros out of tags that keep them from looking like
// sound. The parser can do so, but byte by byte, which maxTagReads does not allow.
func resynchronised(in *tagReader) (io.ReadSeeker, error) {
	const unsynchronised = 0x80
	b := make([]byte, 10)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, err
	}
	if b[5]&unsynchronised == 0 {
		_, err := in.Seek(0, io.SeekStart)
		return in, err
	}
	size := int64(b[6])<<21 | int64(b[7])<<14 | int64(b[8])<<7 | int64(b[9])
	rest, err := io.ReadAll(io.LimitReader(in.ReadSeeker, min(size, maxTagRead)))
	if err != nil {
		return nil, err
	}
	b[5] &^= unsynchronised
	b = append(b, strings.ReplaceAll(string(rest), "\xff\x00", "\xff")...)
	return newTagReader(strings.NewReader(string(b))), nil
}
