package search

import (
	"reflect"
	"strings"
	"testing"
)

// TestWireFilter: with the text and the filter a servent of our kind asks what the
// user asked.
func TestWireFilter(t *testing.T) {
	for text, want := range map[string]string{
		`blue danube`:             ``,
		`blue danu*`:              ``,
		`"blue danube" strauss`:   `"blue danube"`,
		`blue -remix -"club mix"`: `-remix -"club mix"`,
		`blue type:audio ext:flac,mp3 size:>10MB size:<1GiB`: `type:audio ext:flac,mp3 size:>=10000001 size:<=1073741823`,
	} {
		q, err := ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.WireFilter(); got != want {
			t.Errorf("%s: filter %s, want %s", text, got, want)
		}
		got := WireQuery(q.WireText()).Filtered(q.WireFilter())
		for _, p := range q.Phrases { // their words are asked for, too
			q.Words = appendNew(q.Words, p...)
		}
		if !reflect.DeepEqual(got, q) {
			t.Errorf("%s: asks for %+v, want %+v", text, got, q)
		}
	}
}

// TestBadFilters change nothing.
func TestBadFilters(t *testing.T) {
	q := WireQuery("blue")
	for _, filter := range []string{
		"", `"open`, "type:moon", "size:>", "size:<0", "ext:", "-type:audio", "a*b", "urn:sha1:x", strings.Repeat("a ", maxQueryText), strings.Repeat("-a"+" ", 1) + "type:x",
	} {
		if got := q.Filtered(filter); !reflect.DeepEqual(got, q) {
			t.Errorf("%.40q: %+v", filter, got)
		}
	}
	var long []string
	for i := range maxWords + 1 {
		long = append(long, "-w"+strings.Repeat("x", i))
	}
	if got := q.Filtered(strings.Join(long, " ")); len(got.Not) > 0 {
		t.Errorf("%d words left out", len(got.Not))
	}
	if got := q.Filtered(strings.Join(long[:20], " ")); len(got.Not) != 20 {
		t.Errorf("%d words left out, want 20", len(got.Not))
	}
}

// FuzzFiltered: whatever the filter, the words stay wanted.
func FuzzFiltered(f *testing.F) {
	f.Add(`"blue danube" -remix type:audio ext:flac size:>=10`)
	f.Fuzz(func(t *testing.T, filter string) {
		q := WireQuery("blue").Filtered(filter)
		if len(q.Words) == 0 || q.Words[0] != "blue" {
			t.Fatalf("%q: %+v", filter, q)
		}
	})
}
