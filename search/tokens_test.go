package search

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTokens(t *testing.T) {
	tests := []struct {
		name, in, want string // want: words joined by |
	}{
		{"empty", "", ""},
		{"only separators", " -._/\\()+*,&'\"\x00\n", ""},
		{"one word", "danube", "danube"},
		{"case", "Blue DANUBE", "blue|danube"},
		{"path", "net/http/server.go", "net|http|server|go"},
		{"underscore and plus", "Foo_Bar+baz", "foo|bar|baz"},
		{"digits", "01-Track02.mp3", "01|track02|mp3"},
		{"ends with a separator", "a b ", "a|b"},
		{"latin accents", "Café Ångström naïve", "cafe|angstrom|naive"},
		{"accent as a mark of its own", "Cafe\u0301", "cafe"},
		{"mark without a letter", "\u0301 a", "a"},
		{"mark between words", "a \u0301b", "a|b"},
		{"dotted capital I", "İstanbul", "istanbul"},
		{"sharp s", "Straße", "straße"},
		{"final sigma", "ΟΔΌΣ οδός", "οδοσ|οδοσ"},
		{"cyrillic", "Война и мир", "воина|и|мир"},
		{"full width", "ＡＢＣ１２３", "abc123"},
		{"ligature", "ﬁle", "file"},
		{"superscript", "x²", "x2"},
		{"fraction parts at its slash", "½", "1|2"},
		{"kelvin sign", "300\u212A", "300k"},
		{"han run is one word", "蓝色多瑙河 圆舞曲", "蓝色多瑙河|圆舞曲"},
		{"kana keep their sound marks", "ガ が か", "ガ|が|か"},
		{"half width kana", "ｶﾞ", "ガ"},
		{"hangul stays composed", "한국", "한국"},
		{"hangul jamo are composed", "\u1112\u1161\u11ab", "한"},
		{"devanagari keeps vowels", "हिन्दी", "हिन्दी"},
		{"hebrew points go", "שָׁלוֹם", "שלום"},
		{"arabic vowels go", "مُحَمَّد", "محمد"},
		{"soft hyphen inside a word", "do\u00adnau", "donau"},
		{"zero-width space parts", "a\u200bb", "a|b"},
		{"right-to-left override inside a word", "a\u202eb", "ab"},
		{"bytes that are not UTF-8 part", "a\xffb\xc3", "a|b"},
		{"accent after a broken byte", strings.Repeat("0", 202) + "\xf3ǻ", strings.Repeat("0", 202) + "|a"},
		{"replacement character parts", "a\ufffdb", "a|b"},
		{"emoji parts", "love❤song", "love|song"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(Tokens(tt.in), "|"); got != tt.want {
				t.Errorf("Tokens(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestAppendTokensKeepsDst(t *testing.T) {
	got := AppendTokens([]string{"x"}, "A b")
	if want := []string{"x", "a", "b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTokensEveryRune checks the promise of idempotence and of lower case for
// every character that Unicode knows, alone and between letters.
func TestTokensEveryRune(t *testing.T) {
	const unassigned, tags = 0x34000, 0xE0000
	for r := rune(0); r < tags+0x200; r++ {
		if r == unassigned {
			r = tags
		}
		for _, s := range []string{string(r), "a" + string(r) + "B", "か" + string(r)} {
			checkTokens(t, s)
		}
		if t.Failed() {
			return
		}
	}
}

func checkTokens(t *testing.T, s string) {
	t.Helper()
	words := Tokens(s)
	if again := Tokens(strings.Join(words, " ")); !slices.Equal(words, again) {
		t.Errorf("Tokens(%q) = %q, but its words give %q", s, words, again)
	}
	for _, w := range words {
		if w == "" || !utf8.ValidString(w) || w != strings.ToLower(w) || strings.ContainsAny(w, " -./\"*") {
			t.Errorf("Tokens(%q) holds the word %q", s, w)
		}
	}
}

func TestTokensAllocations(t *testing.T) {
	dst := make([]string, 0, 16)
	got := testing.AllocsPerRun(100, func() { dst = AppendTokens(dst[:0], "net/http/server.go") })
	if got != 0 {
		t.Errorf("%v allocations for lower-case ASCII, want 0", got)
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"Blue Danube", "Café", "हिन्दी", "ガが", "한국", "a\xff", "ﷺ", "ΟΔΌΣ", "x\u0301\u0327"} {
		f.Add(s)
	}
	f.Fuzz(checkTokens)
}

func BenchmarkTokens(b *testing.B) {
	for _, s := range []string{"music/Johann Strauss/The Blue Danube.mp3", "musique/Édith Piaf/La Vie en rose.mp3"} {
		b.Run(s[:5], func(b *testing.B) {
			b.ReportAllocs()
			dst := make([]string, 0, 16)
			for b.Loop() {
				dst = AppendTokens(dst[:0], s)
			}
		})
	}
}
