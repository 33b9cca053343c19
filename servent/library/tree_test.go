package library

import (
	"testing"

	"github.com/seed282dab8e/servent/search"
)

// TestTextEndsWithPath: an extension is found behind tags.
func TestTextEndsWithPath(t *testing.T) {
	e := &entry{in: &folder{share: &share{}}, name: "a.ogg", words: "vienna mp3"}
	q, err := search.ParseQuery("vienna ext:ogg")
	if err != nil {
		t.Fatal(err)
	}
	if text := e.text(); !q.Match(text, 1, search.Any) {
		t.Errorf("%q has no extension ogg", text)
	}
}
