package search

import "testing"

func TestMatch(t *testing.T) {
	const text, size = "music/Johann Strauss/The Blue Danube.mp3", 9_000_000
	tests := []struct {
		query string
		want  bool
	}{
		{"danube", true},
		{"mp3 strauss music", true},
		{"danub", false},
		{"danube waltz", false},
		{`"the blue danube"`, true},
		{`"danube mp3"`, true},
		{`"strauss danube"`, false},
		{`"danube mp3 more"`, false},
		{"danu*", true},
		{"danube*", true},
		{"anube*", false},
		{"danube -strauss", false},
		{"danube -waltz", true},
		{`danube -"blue danube"`, false},
		{`danube -"danube blue"`, true},
		{"danube type:audio", true},
		{"danube type:video", false},
		{"danube ext:mp3", true},
		{"danube ext:flac,MP3", true},
		{"danube ext:3", false},
		{"danube ext:flac", false},
		{"danube size:>=9MB size:<=9MB", true},
		{"danube size:>9MB", false},
		{"danube size:<9MB", false},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			q, err := ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := q.Match(text, size, TypeOf(text)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if !(Query{}).Match(text, size, Audio) {
		t.Error("the zero query does not match")
	}
}

func TestMatchExt(t *testing.T) {
	q := Query{Exts: []string{"tar.gz"}}
	for text, want := range map[string]bool{"a/b.tar.gz": true, "a/b.TAR.GZ": true, "b.gz": false, "x.tar.gz/readme": false, "": false} {
		if got := q.Match(text, 1, Any); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestMediaType(t *testing.T) {
	for name, want := range map[string]MediaType{
		"a.mp3": Audio, "a.MKV": Video, "x/y.pdf": Document, "a.jpeg": Image, "a.tar.gz": Archive, "setup.exe": Program,
		"server.go": Document, "README": Any, "": Any, ".": Any, "mp3": Any, "a.": Any, "a.unknown": Any, "a.mp3/b": Any,
		"a.AppImage": Program,
	} {
		if got := TypeOf(name); got != want {
			t.Errorf("TypeOf(%q) = %v, want %v", name, got, want)
		}
	}
	for typ := Any; typ <= Program; typ++ {
		if got, err := ParseMediaType(typ.String()); err != nil || got != typ {
			t.Errorf("ParseMediaType(%q) = %v, %v", typ, got, err)
		}
	}
	if MediaType(200).String() != "any" {
		t.Error("an unknown type has no name")
	}
}
