package search

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "The Blue Danube.mp3", "The Blue Danube.mp3"},
		{"other scripts", "Война и мир 蓝色.mp3", "Война и мир 蓝色.mp3"},
		{"C0", "a\x00b\x1b[31mc\r\nd\te\x7f", "ab[31mc d e"},
		{"C1", "a\u0085b\u009bc", "a bc"},
		{"direction overrides", "a\u202egpj.exe\u2066\u200f\u061c", "agpj.exe"},
		{"line separators", "a\u2028b\u2029c", "a b c"},
		{"byte order mark and tags", "\ufeffa\U000E0041b", "ab"},
		{"broken UTF-8", "a\xffb\xc3", "a\uFFFDb\uFFFD"},
		{"255 bytes", strings.Repeat("a", 255), strings.Repeat("a", 255)},
		{"256 bytes", strings.Repeat("a", 256), strings.Repeat("a", 255)},
		{"cut between characters", strings.Repeat("é", 128), strings.Repeat("é", 127)},
		{"emoji stay whole", "👩\u200d🚀", "👩\u200d🚀"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Clean(tt.in)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if again := Clean(got); again != got || !utf8.ValidString(got) {
				t.Errorf("cleaned again: %q", again)
			}
		})
	}
}
