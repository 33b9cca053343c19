package transfer

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSafeName(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := []struct{ name, in, want string }{
		{"plain", "blue danube.ogg", "blue danube.ogg"},
		{"unicode", "Ärger – 東京.flac", "Ärger – 東京.flac"},
		{"traversal", "../../etc/passwd", "passwd"},
		{"windows traversal", `..\..\boot.ini`, "boot.ini"},
		{"absolute", "/etc/shadow", "shadow"},
		{"trailing separators", "a/b///", "b"},
		{"drive", `C:evil.exe`, "C_evil.exe"},
		{"nul", "a\x00b.txt", "a_b.txt"},
		{"control", "a\nb\x1b[31m.txt", "a_b_[31m.txt"},
		{"bidi", "invoice\u202egpj.exe", "invoicegpj.exe"},
		{"isolates and marks", "\u2066a\u200fb\u2069.txt", "ab.txt"},
		{"line separator", "a\u2028b", "ab"},
		{"odd spaces", "a\u00a0b\u3000c", "a b c"},
		{"bad utf-8", "a\xffb.txt", "a_b.txt"},
		{"windows characters", `a<b>c:d"e|f?g*h`, "a_b_c_d_e_f_g_h"},
		{"reserved", "CON", "_CON"},
		{"reserved with extension", "aux.txt", "_aux.txt"},
		{"reserved with two", "nul.tar.gz", "_nul.tar.gz"},
		{"reserved with spaces", "com1 .txt", "_com1 .txt"},
		{"reserved superscript", "LPT².doc", "_LPT².doc"},
		{"not reserved", "console.txt", "console.txt"},
		{"not reserved either", "com10.txt", "com10.txt"},
		{"trailing dots and spaces", "name.txt. . ", "name.txt"},
		{"hidden", ".bashrc", "bashrc"},
		{"flag", "-rf", "_rf"},
		{"empty", "", "unnamed"},
		{"dot", ".", "unnamed"},
		{"dots", "..", "unnamed"},
		{"only separators", "//", "unnamed"},
		{"only spaces", " \t ", "_"},
		{"300 characters", long, long[:200]},
		{"300 characters and extension", long + ".mp3", long[:196] + ".mp3"},
		{"300 wide characters", strings.Repeat("東", 300) + ".mp3", strings.Repeat("東", 65) + ".mp3"},
		{"no real extension", "a." + long, "a." + long[:198]},
		{"at the limit", long[:196] + ".mp3", long[:196] + ".mp3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := SafeName(tt.in); got != tt.want {
				t.Errorf("SafeName(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"a.txt", "../../x", "con", "\x00", "\u202e", "-", ". .", strings.Repeat("é", 150) + ".ext"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := SafeName(in)
		switch {
		case got == "" || len(got) > maxNameBytes || !utf8.ValidString(got):
			t.Errorf("%q gives %q: empty, too long or not utf-8", in, got)
		case strings.ContainsAny(got, "/\\\x00<>:\"|?*"):
			t.Errorf("%q gives %q: forbidden character", in, got)
		case strings.ContainsFunc(got, func(r rune) bool { return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) }):
			t.Errorf("%q gives %q: control or format character", in, got)
		case got[0] == '.' || got[0] == '-' || got[0] == ' ' || strings.HasSuffix(got, ".") || strings.HasSuffix(got, " "):
			t.Errorf("%q gives %q: bad first or last character", in, got)
		case reserved(got):
			t.Errorf("%q gives %q: reserved", in, got)
		case SafeName(got) != got:
			t.Errorf("%q gives %q, that gives %q", in, got, SafeName(got))
		}
	})
}
