package search

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseQuery(t *testing.T) {
	tests := []struct {
		in   string
		want Query
	}{
		{"blue danube", Query{Words: []string{"blue", "danube"}}},
		{"  Blue\tDANUBE\n blue ", Query{Words: []string{"blue", "danube"}}},
		{"net/http/server.go", Query{Words: []string{"net", "http", "server", "go"}}},
		{`"blue danube"`, Query{Phrases: [][]string{{"blue", "danube"}}}},
		{`“Blue Danube” waltz`, Query{Words: []string{"waltz"}, Phrases: [][]string{{"blue", "danube"}}}},
		{`"danube"`, Query{Words: []string{"danube"}}},
		{`danube "" "-"`, Query{Words: []string{"danube"}}},
		{`a"b c"d`, Query{Words: []string{"a", "d"}, Phrases: [][]string{{"b", "c"}}}},
		{`"type:audio"`, Query{Phrases: [][]string{{"type", "audio"}}}},
		{"danube -remix -REMIX", Query{Words: []string{"danube"}, Not: []string{"remix"}}},
		{`danube -"club mix" -hip-hop`, Query{
			Words: []string{"danube"}, NotPhrases: [][]string{{"club", "mix"}, {"hip", "hop"}},
		}},
		{"blue - danube & co", Query{Words: []string{"blue", "danube", "co"}}},
		{"x-ray", Query{Words: []string{"x", "ray"}}},
		{"danu*", Query{Prefixes: []string{"danu"}}},
		{"Blue-Danu* danu*", Query{Words: []string{"blue"}, Prefixes: []string{"danu"}}},
		{"a type:Audio", Query{Words: []string{"a"}, Type: Audio}},
		{"a type:any", Query{Words: []string{"a"}}},
		{"a type:audio TYPE:audio", Query{Words: []string{"a"}, Type: Audio}},
		{"a ext:.FLAC,mp3 ext:flac ext:tar.gz", Query{Words: []string{"a"}, Exts: []string{"flac", "mp3", "tar.gz"}}},
		{"a size:>10MB", Query{Words: []string{"a"}, MinSize: 10_000_001}},
		{"a size:>=10MB", Query{Words: []string{"a"}, MinSize: 10_000_000}},
		{"a size:<10MiB", Query{Words: []string{"a"}, MaxSize: 10<<20 - 1}},
		{"a size:<=1.5k", Query{Words: []string{"a"}, MaxSize: 1500}},
		{"a size:>1K size:>2K size:<9K size:<8K", Query{Words: []string{"a"}, MinSize: 2001, MaxSize: 7999}},
		{"alien:covenant", Query{Words: []string{"alien", "covenant"}}},
		{"Café", Query{Words: []string{"cafe"}}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseQuery(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestParseQueryErrors(t *testing.T) {
	tests := []struct{ in, says string }{
		{"", "write one that the file name holds"},
		{" - & ", "write one that the file name holds"},
		{"-remix", "write one that the file name holds"},
		{"type:audio", "write one that the file name holds"},
		{`a "blue danube`, `write "blue danube"`},
		{`a "`, "quote without an end"},
		{"a type:adio", `unknown type "adio": use one of audio, video, document, image, archive, program`},
		{"a type:", "use one of audio"},
		{"a type:audio type:video", "one type"},
		{"a ext:", "as in ext:flac"},
		{"a ext:flac,,mp3", "or ext:flac,mp3"},
		{"a ext:*", "as in ext:flac"},
		{`a ext:"flac"`, "as in ext:flac"},
		{"a size:10MB", "write size:>10MB or size:<10MB"},
		{"a size:", "as in 10MB"},
		{"a size:>", "as in 10MB"},
		{"a size:>ten", "as in 10MB"},
		{"a size:>10XB", "as in 10MB"},
		{"a size:>-1", "as in 10MB"},
		{"a size:=1", "write size:>1 or size:<1"},
		{"a size:><1", "write size:>1 or size:<1"},
		{"a size:<0", "no file is of that size"},
		{"a size:<1", "no file is of that size"},
		{"a size:<=0", "no file is of that size"},
		{"a size:>18446744073709551615", "no file is of that size"},
		{"a size:>18446744073709551616", "out of range"},
		{"a size:>100000000TB", "out of range"},
		{"a size:>10MB size:<1MB", "swap the signs"},
		{"a -type:audio", "only words can be left out"},
		{"a -ext:mp3", "only words can be left out"},
		{"a -size:>1", "only words can be left out"},
		{"a -rem*", "only whole words"},
		{"*", "as in name*"},
		{"*danube", "only at the end"},
		{"da*nube", "only at the end"},
		{"*.mp3", "write ext:mp3"},
		{"da*", "at least 3 letters before the star"},
		{"蓝色*", "at least 3 letters before the star"},
		{"danube-*", "right behind the letters"},
		{"danube -danube", "both wanted and left out"},
		{"urn:sha1:AAAA", "it is for get"},
		{"magnet:?xt=urn:sha1:AAAA", "it is for get"},
		{strings.Repeat("a ", 513), "at most 1024 bytes"},
		{words(maxWords + 1), "at most 64"},
		{strings.Repeat("x", MaxWireText+1), "at most 180 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			q, err := ParseQuery(tt.in)
			if err == nil {
				t.Fatalf("no error but %+v", q)
			}
			if !strings.HasPrefix(err.Error(), "read query: ") || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %q does not say %q", err, tt.says)
			}
		})
	}
}

// words returns n different words.
func words(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "w%d ", i)
	}
	return b.String()
}

func TestParseQueryAtTheLimits(t *testing.T) {
	for _, s := range []string{strings.Repeat("a", MaxWireText), words(maxWords), strings.Repeat("a ", 512)} {
		if _, err := ParseQuery(s); err != nil {
			t.Error(err)
		}
	}
}

func TestWireText(t *testing.T) {
	tests := []struct{ query, want string }{
		{"blue danube", "blue danube"},
		{`waltz "blue danube" danube`, "waltz danube blue"},
		{"danube -remix type:audio ext:mp3 size:>1MB", "danube"},
		{"danu*", "danu*"},
		{"blue danu*", "blue danu*"},
		{"blue da*", "blue"},
		{"da* 蓝色多*", "蓝色多*"},
	}
	for _, tt := range tests {
		q, err := ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.WireText(); got != tt.want {
			t.Errorf("%q goes out as %q, want %q", tt.query, got, tt.want)
		}
	}
	long := Query{Words: []string{strings.Repeat("a", 100), strings.Repeat("b", 100), strings.Repeat("c", 79), "d"}}
	if got := long.WireText(); len(got) != MaxWireText || strings.Contains(got, "b") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func TestWireQuery(t *testing.T) {
	tests := []struct {
		in   string
		want Query
	}{
		{"", Query{}},
		{"\\", Query{}},
		{"Blue danube blue", Query{Words: []string{"blue", "danube"}}},
		{"danu* blue", Query{Words: []string{"blue"}, Prefixes: []string{"danu"}}},
		{"blue danu*", Query{Words: []string{"blue"}, Prefixes: []string{"danu"}}},
		{"*.mp3", Query{Words: []string{"mp3"}}},
		{"a-*b", Query{Words: []string{"a", "b"}}},
		{"-not \"quoted\" type:x", Query{Words: []string{"not", "quoted", "type", "x"}}},
		{"caf\xe9", Query{Words: []string{"caf"}}},
		{"가*", Query{Prefixes: []string{"가"}}},
	}
	for _, tt := range tests {
		got := WireQuery(tt.in)
		if len(got.Words) == 0 {
			got.Words = nil
		}
		if len(got.Prefixes) == 0 {
			got.Prefixes = nil
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("WireQuery(%q) = %+v, want %+v", tt.in, got, tt.want)
		}
	}
	if got := WireQuery(words(maxWords + 1)); len(got.Words) != maxWords {
		t.Errorf("%d words of a peer taken, want %d", len(got.Words), maxWords)
	}
}

func TestParseSize(t *testing.T) {
	tests := []struct {
		in   string
		want uint64
	}{
		{"0", 0},
		{"700", 700},
		{"700b", 700},
		{"10MB", 10_000_000},
		{" 1.5 GiB ", 3 << 29},
		{"2k", 2000},
		{"2KiB", 2048},
		{"3m", 3_000_000},
		{"1.1MB", 1_100_000},
		{"4GB", 4_000_000_000},
		{"1tb", 1_000_000_000_000},
		{"1TiB", 1 << 40},
		{"18446744073709551615", math.MaxUint64},
		{".5k", 500},
	}
	for _, tt := range tests {
		if got, err := ParseSize(tt.in); err != nil || got != tt.want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{"", "MB", "-1", "1e3", "0x10", "1..5", "1 0", "NaN", "inf", "1.5.5MB", "18446744073709551616", "17000000TiB", "99999999999.5TB"} {
		if got, err := ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", in, got)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{
		`"blue danube" -remix type:audio`, "size:>10MB a", "ext:flac name*", `-"a b" c`, "“x", "a size:<1.5GiB", "*", "-", "ß\xff*",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := ParseQuery(s)
		if err != nil {
			return
		}
		wire := q.WireText()
		if wire == "" || len(wire) > MaxWireText || !utf8.ValidString(wire) {
			t.Fatalf("%q goes out as %q", s, wire)
		}
		// A peer asks for nothing that the user did not ask for.
		asked := slices.Concat(q.Words, slices.Concat(q.Phrases...))
		peer := WireQuery(wire)
		for _, w := range peer.Words {
			if !slices.Contains(asked, w) {
				t.Fatalf("%q goes out as %q, which asks for %q", s, wire, w)
			}
		}
		for _, p := range peer.Prefixes {
			if !slices.Contains(q.Prefixes, p) {
				t.Fatalf("%q goes out as %q, which asks for %q*", s, wire, p)
			}
		}
	})
}

func FuzzWireQuery(f *testing.F) {
	for _, s := range []string{"blue danube", "name*", "a*b* **", "ß*\xff", "\\", "blue blue Blue*", "\u202e*x", strings.Repeat("w ", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := WireQuery(s)
		for _, words := range [][]string{q.Words, q.Prefixes} {
			if len(words) > maxWords {
				t.Fatalf("%q asks for %d words", s, len(words))
			}
			for i, w := range words {
				if got := Tokens(w); len(got) != 1 || got[0] != w || slices.Contains(words[:i], w) {
					t.Fatalf("%q asks for %q, which is no word or stands twice", s, w)
				}
			}
		}
		// Written again, it asks for nothing new.
		again := WireQuery(q.WireText())
		for _, w := range again.Words {
			if !slices.Contains(q.Words, w) {
				t.Fatalf("%q: written again it asks for %q", s, w)
			}
		}
		for _, p := range again.Prefixes {
			if !slices.Contains(q.Prefixes, p) {
				t.Fatalf("%q: written again it asks for %q*", s, p)
			}
		}
	})
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"700", "10MB", "1.5 GiB", "18446744073709551615", "17000000TiB", "1.", ".5k", ".", "0x10", "9e99"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseSize(s)
		if err != nil {
			return
		}
		for _, same := range []string{" " + s + " ", strings.ToUpper(s), strconv.FormatUint(n, 10) + "B"} {
			if got, err := ParseSize(same); err != nil || got != n {
				t.Fatalf("%q is %d, %q is %d, %v", s, n, same, got, err)
			}
		}
	})
}
