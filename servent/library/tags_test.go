package library

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed282dab8e/servent/search"
)

func be32(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }
func le32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

// sync32 is a number as ID3v2 has it in headers, and version 4 everywhere.
func sync32(n int) string {
	return string([]byte{byte(n >> 21 & 0x7F), byte(n >> 14 & 0x7F), byte(n >> 7 & 0x7F), byte(n & 0x7F)})
}

// id3v2 makes a tag of frames: name and content by turns.
func id3v2(version, flags byte, frames ...string) string {
	var b strings.Builder
	for i := 0; i < len(frames); i += 2 {
		size := be32(len(frames[i+1]))
		if version == 4 {
			size = sync32(len(frames[i+1]))
		}
		b.WriteString(frames[i] + size + "\x00\x00" + frames[i+1])
	}
	return "ID3" + string([]byte{version, 0, flags}) + sync32(b.Len()) + b.String()
}

func id3v1(title, artist, album string, genre byte) string {
	fixed := func(s string) string { return s + strings.Repeat("\x00", 30-len(s)) }
	return "TAG" + fixed(title) + fixed(artist) + fixed(album) + "1999" + fixed("remark") + string([]byte{genre})
}

func vorbis(comments ...string) string {
	s := le32(len("maker")) + "maker" + le32(len(comments))
	for _, c := range comments {
		s += le32(len(c)) + c
	}
	return s
}

// flac makes a file of blocks: kind and content by turns.
func flac(blocks ...string) string {
	s := "fLaC"
	for i := 0; i < len(blocks); i += 2 {
		kind := blocks[i][0]
		if i+2 == len(blocks) {
			kind |= 0x80
		}
		s += string([]byte{kind}) + be32(len(blocks[i+1]))[1:] + blocks[i+1]
	}
	return s
}

// ogg puts packets of one stream on pages of at most so many segments.
func ogg(segments int, packets ...string) string {
	var lens, data []byte
	for _, p := range packets {
		data = append(data, p...)
		for n := len(p); n >= 255; n -= 255 {
			lens = append(lens, 255)
		}
		lens = append(lens, byte(len(p)%255))
	}
	s := ""
	for len(lens) > 0 {
		n := min(segments, len(lens))
		size := 0
		for _, l := range lens[:n] {
			size += int(l)
		}
		s += "OggS\x00\x00" + "granule." + "ser#" + le32(0) + "crc#" + string([]byte{byte(n)}) + string(lens[:n]) + string(data[:size])
		lens, data = lens[n:], data[size:]
	}
	return s
}

func atom(name string, content ...string) string {
	s := strings.Join(content, "")
	return be32(len(s)+8) + name + s
}

func textAtom(name, text string) string { return atom(name, atom("data", be32(1), be32(0), text)) }

// mp4 makes a file with tags behind its content, as most are.
func mp4(items ...string) string {
	return atom("ftyp", "M4A \x00\x00\x00\x00") + atom("mdat", strings.Repeat("sound", 1000)) +
		atom("moov", atom("mvhd", "1234567"), atom("udta", atom("meta", be32(0), atom("hdlr", "x"), atom("ilst", items...))))
}

func utf16(s string) string {
	out := "\x01\xff\xfe"
	for _, r := range s {
		out += string([]byte{byte(r), byte(r >> 8)})
	}
	return out
}

const allTags = "Blue Danube Strauß Waltzes Classical"

// taggedFiles have allTags in them, each in another way.
func taggedFiles() map[string]string {
	comment := vorbis("TITLE=Blue Danube", "Artist=Strauß", "ALBUM=Waltzes", "DATE=1999", "genre=Classical")
	picture := "\x00image/jpeg\x00\x03\x00" + strings.Repeat("\xff\xd8pict", 1<<18) // 1.5 MB
	sound := strings.Repeat("sound", 100)
	body := strings.ReplaceAll(id3v2(3, 0, "TIT2", "\x00Blue Danube", "TPE1", utf16("Strauß"), "TALB", "\x00Waltzes", "TCON", "\x00(32)")[10:], "\xff", "\xff\x00")
	return map[string]string{
		"2.3.mp3":            id3v2(3, 0, "TIT2", "\x00Blue Danube", "TPE1", utf16("Strauß"), "APIC", picture, "TALB", "\x00Waltzes\x00", "TCON", "\x00(32)") + sound,
		"2.4.MP3":            id3v2(4, 0, "TIT2", "\x03Blue Danube", "TPE1", "\x03Strauß", "TALB", "\x00Waltzes", "TXXX", "\x03a\x00b", "TCON", "\x03Classical") + sound,
		"unsynchronised.mp3": "ID3\x03\x00\x80" + sync32(len(body)) + body + sound,
		"1.mp3":              sound + id3v1("Blue Danube", "Strau\xdf", "Waltzes", 32),
		"2 without.mp3":      id3v2(3, 0, "PRIV", "x") + sound + id3v1("Blue Danube", "Strau\xdf", "Waltzes", 32),
		"2 damaged.mp3":      id3v2(3, 0, "TIT2", "\x01odd") + sound + id3v1("Blue Danube", "Strau\xdf", "Waltzes", 32),
		"with ID3.flac":      id3v2(4, 0, "TIT2", "\x03Blue Danube", "TPE1", "\x03Strauß", "TALB", "\x00Waltzes", "TCON", "\x0332") + flac("\x04", comment),
		"a.flac":             flac("\x00", strings.Repeat("i", 34), "\x06", picture, "\x01", "padding", "\x04", comment) + sound,
		"last is sound.flac": flac("\x04", comment, "\x01", "padding"),
		"a.ogg":              ogg(255, "\x01vorbis stream") + ogg(255, "\x03vorbis"+comment+"\x01", "\x05vorbis setup") + ogg(255, sound),
		"a.opus":             ogg(255, "OpusHead") + ogg(255, "OpusTags"+comment) + ogg(255, sound),
		"pages.oga":          ogg(255, "OpusHead") + ogg(2, "OpusTags"+vorbis(strings.Repeat("x", 2000), "TITLE=Blue Danube", "Artist=Strauß", "ALBUM=Waltzes", "genre=Classical")),
		"picture.ogg": ogg(255, "\x01vorbis") + ogg(255, "\x03vorbis"+vorbis("TITLE=Blue Danube", "Artist=Strauß", "ALBUM=Waltzes", "genre=Classical",
			"METADATA_BLOCK_PICTURE="+strings.Repeat("jpeg", 1<<19))),
		"a.m4a": mp4(textAtom("\xa9nam", "Blue Danube"), textAtom("\xa9ART", "Strauß"), textAtom("\xa9alb", "Waltzes"), textAtom("\xa9gen", "Classical")),
		"a.mp4": mp4(textAtom("\xa9nam", "Blue Danube"), atom("covr", atom("data", be32(13), be32(0), picture)), textAtom("\xa9ART", "Strauß"),
			textAtom("\xa9alb", "Waltzes"), textAtom("\xa9gen", "Classical"), atom("\xa9too", "no data: an error")),
	}
}

func TestTags(t *testing.T) {
	for name, content := range taggedFiles() {
		if got := tagsOf(strings.NewReader(content), name); got != allTags && got != strings.Replace(allTags, "Classical", "32", 1) {
			t.Errorf("%s: %q", name, got)
		}
		if got := tagsOf(strings.NewReader(content), name+".txt"); got != "" {
			t.Errorf("%s.txt: %q", name, got)
		}
		r := strings.NewReader(content)
		if _, err := r.Seek(5, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if tagsOf(r, name) == "" {
			t.Errorf("%s: none where the reader does not stand at the beginning", name)
		}
	}
	for _, content := range []string{"", "x", "ID3", "no tags at all, but sound", "fLaC", "OggS", flac("\x00", "x"), mp4(), id3v1("", "", "", 255)} {
		if got := tagsOf(strings.NewReader(content), "a.mp3"); got != "" {
			t.Errorf("%q: %q", content, got)
		}
	}
}

func TestTagsAreClean(t *testing.T) {
	for title, want := range map[string]string{
		"  two\nlines ":             "two lines",
		"\u202egnp.exe\x00\x1b[2J":  "gnp.exe[2J",
		"\xff\xfe half":             "ÿþ half",
		strings.Repeat("ab ", 5000): strings.Repeat("ab ", 84) + "ab",
		strings.Repeat("ß", 300):    strings.Repeat("ß", 127),
	} {
		if got := tagsOf(strings.NewReader(flac("\x04", vorbis("title="+title))), "a.flac"); got != want {
			t.Errorf("%.20q: %q, want %q", title, got, want)
		}
	}
	long := strings.Repeat("l", 250)
	for n, want := range map[int]int{5: maxTags, 6: maxTags} { // with the space 256 and 257
		got := tagsOf(strings.NewReader(flac("\x04", vorbis("title="+long, "artist="+strings.Repeat("a", n)))), "a.flac")
		if len(got) != want {
			t.Errorf("%d bytes", len(got))
		}
	}
	several := flac("\x04", vorbis("artist=One", "artist=Other", "ARTISTS=no", "artist"))
	if got := tagsOf(strings.NewReader(several), "a.flac"); got != "One Other" {
		t.Errorf("%q", got)
	}
	notText := mp4(atom("\xa9nam", atom("data", be32(13), be32(0), "picture")), textAtom("\xa9ART", "Strauß"))
	if got := tagsOf(strings.NewReader(notText), "a.m4a"); got != "Strauß" {
		t.Errorf("%q", got)
	}
}

// countingReader notes how much of a file was really read.
type countingReader struct {
	*strings.Reader
	read int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

// TestTagLimits: each limit holds, and one more is too much.
func TestTagLimits(t *testing.T) {
	title := []string{"TIT2", "\x00T"}
	pieces := func(n, size int) []string {
		return append(bytesOf(n, "PRIV", strings.Repeat("x", size)), title...)
	}
	tests := []struct {
		name          string
		within, above []string
	}{
		{"read", pieces(15, 60<<10), pieces(18, 60<<10)},
		{"skip", pieces(7, 1<<20), pieces(8, 1<<20+1)},
		{"reads", pieces(maxTagReads/4-3, 1), pieces(maxTagReads/4, 1)},
	}
	for _, tt := range tests {
		for i, frames := range [][]string{tt.within, tt.above} {
			r := &countingReader{Reader: strings.NewReader(id3v2(3, 0, frames...))}
			if got := tagsOf(r, "a.mp3"); (got == "T") != (i == 0) {
				t.Errorf("%s: %q", tt.name, got)
			}
			if r.read > maxTagRead+1000 {
				t.Errorf("%s: %d bytes read", tt.name, r.read)
			}
		}
	}
	tr := newTagReader(strings.NewReader(strings.Repeat("x", 2*maxTagRead)))
	tr.read = 100
	if n, err := tr.Read(make([]byte, 100)); n != 100 || err != nil {
		t.Error(n, err)
	}
	if n, err := tr.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error(n, err)
	}
	tr.skip = largePiece + 1
	if n, err := tr.Read(make([]byte, largePiece+1)); n != largePiece+1 || err != nil {
		t.Error(n, err)
	}
	if n, err := tr.Read(make([]byte, largePiece+1)); n != 0 || err == nil {
		t.Error(n, err)
	}
	tr = newTagReader(strings.NewReader(strings.Repeat("x", largePiece)))
	if _, err := io.ReadFull(tr, make([]byte, largePiece+1)); err == nil {
		t.Error("a piece that is cut was read whole")
	}
	tr.reads = 0
	if _, err := tr.Read(make([]byte, 1)); err == nil {
		t.Error("one piece too many")
	}
}

func bytesOf(n int, name, content string) (frames []string) {
	for range n {
		frames = append(frames, name, content)
	}
	return frames
}

// TestHostileTags: what the parsers would take hours or gigabytes for is no
// matter. Without limits this does not come to an end.
func TestHostileTags(t *testing.T) {
	genres := strings.Repeat("(12)", 1<<17)
	picture := "\x00\x00\x00\x03" + be32(0) + be32(0) + strings.Repeat("\x00", 16) + "\xff\xff\xff\xf0"
	deep := ""
	for range 20000 {
		deep += be32(8) + "moov"
	}
	for name, content := range map[string]string{
		"frames.mp3":  id3v2(3, 0, bytesOf(90000, "XXXX", "x")...),
		"bytes.mp3":   id3v2(3, 0x80, bytesOf(90000, "XXXX", "x")...),
		"genre.mp3":   id3v2(3, 0, "TCON", "\x00"+genres),
		"genres.mp3":  id3v2(4, 0, "TCON", "\x00"+genres[:maxTags]),
		"size.mp3":    "ID3\x03\x00\x00\x7f\x7f\x7f\x7fTIT2\xff\xff\xff\xff\x00\x00",
		"minus.mp3":   "ID3\x03\x00\x00\x7f\x7f\x7f\x7fTIT2\x00\x00\x00\x01\x00\x80\x00\x00\x00\x00" + genres,
		"a.flac":      flac("\x06", picture, "\x04", vorbis("metadata_block_picture="+picture)),
		"a.ogg":       ogg(255, "OpusTags"+vorbis("metadata_block_picture=AAAAAwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP////A=")),
		"comment.ogg": ogg(255, "OpusTags\xff\xff\xff\xff"),
		"deep.m4a":    atom("ftyp", "M4A ") + deep,
		"still.m4a":   atom("ftyp", "M4A ") + strings.Repeat(be32(8)+"free", 1<<17),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if got := tagsOf(strings.NewReader(content), name); name != "genres.mp3" && got != "" {
			t.Errorf("%s: %q", name, got)
		}
		runtime.ReadMemStats(&after)
		if n, bytes := after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc; n > 1e6 || bytes > 64<<20 {
			t.Errorf("%s: %d allocations, %d MB", name, n, bytes>>20)
		}
	}
}

func FuzzTags(f *testing.F) {
	for name, content := range taggedFiles() {
		if len(content) < 1<<16 {
			f.Add([]byte(content), name)
		}
	}
	f.Add([]byte(mp4(atom("----", atom("mean", "\x00\x00\x00\x00com.apple.iTunes"), atom("name", "\x00\x00\x00\x00x"), atom("data", "\x00\x00\x00\x01\x00\x00\x00\x00y")))), "a.m4a")
	f.Fuzz(func(t *testing.T, content []byte, name string) {
		got := tagsOf(bytes.NewReader(content), name)
		if len(got) > maxTags || !utf8.ValidString(got) || search.Clean(got) != got && len(got) <= search.MaxName {
			t.Errorf("%q", got)
		}
		kindOf(name, content)
		kindOf("", content)
	})
}

func TestKindOf(t *testing.T) {
	zeros := strings.Repeat("\x00", 600)
	tests := []struct {
		name, head string
		want       search.MediaType
	}{
		{"a.mp3", "%PDF-1.4", search.Audio}, // the name goes first
		{"a", "", search.Any},
		{"README", "Read me first.\n", search.Document},
		{"a.unknown", "%PDF-1.4\n", search.Document},
		{"run", "#!/bin/sh\necho\n", search.Program},
		{"a", "\x7fELF\x02\x01\x01" + zeros[:9] + "\x02\x00", search.Program},
		{"a", "\x7fELF\x02\x01\x01" + zeros[:9] + "\x77\x00", search.Program},
		{"a", "MZ" + zeros, search.Program},
		{"a", "\xff\xd8\xff\xe0" + zeros, search.Image},
		{"a", "\x89PNG\r\n\x1a\n" + zeros, search.Image},
		{"a", "AT&TFORM\x00\x00\x00\x00DJVU" + zeros, search.Document},
		{"a", "PK\x03\x04" + zeros[:22] + "\x05\x00\x00\x00a.txt" + zeros, search.Archive},
		{"a", "\x1f\x8b\x08" + zeros, search.Archive},
		{"a", id3v2(3, 0, "TIT2", "\x00T") + zeros, search.Audio},
		{"a", "fLaC\x00\x00\x00\x22" + zeros, search.Audio},
		{"a", ogg(255, "\x01vorbis"+zeros), search.Audio},
		{"a", "\x00\x00\x00\x20ftypM4A " + zeros, search.Audio},
		{"a", "\x00\x00\x00\x20ftypmp42" + zeros, search.Video},
		{"a", "RIFF\x00\x00\x00\x00AVI LIST" + zeros, search.Video},
		{"a", "\x01\x02\x03\x04\x00\xfe" + zeros, search.Any},
		{"a", "wOFF" + zeros, search.Any}, // a font is nothing of ours
		{"a", strings.Repeat(" ", headSize) + "\x00\x01", search.Document},
	}
	for _, tt := range tests {
		if got := kindOf(tt.name, []byte(tt.head)); got != tt.want {
			t.Errorf("%s, %.10q: %v, want %v", tt.name, tt.head, got, tt.want)
		}
	}
}

func BenchmarkTags(b *testing.B) {
	for name, content := range taggedFiles() {
		b.Run(fmt.Sprintf("%s %d", name, len(content)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tagsOf(strings.NewReader(content), name)
			}
		})
	}
}
