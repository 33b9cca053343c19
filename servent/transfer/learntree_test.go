package transfer

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// TestLearnTree: a path at the source itself is taken, and nothing else.
func TestLearnTree(t *testing.T) {
	root := tiger.Digest{1}
	for value, want := range map[string]string{
		"/tree;" + root.String():                       "/tree",
		" /uri-res/N2X?urn:sha1:A ; " + root.String():  "",
		"\t/uri-res/N2X?urn:sha1:A; " + root.String():  "/uri-res/N2X?urn:sha1:A",
		"/;" + strings.ToLower(root.String()):          "/",
		"/a/../~b%20c//d;" + root.String():             "/a/../~b%20c//d",
		"/tree":                                        "",
		"/tree;":                                       "",
		"/tree;" + root.String()[1:]:                   "",
		"/tree;A" + root.String():                      "",
		"/a;b;" + root.String():                        "",
		";" + root.String():                            "",
		"tree;" + root.String():                        "",
		"http://192.0.2.1/tree;" + root.String():       "",
		"//192.0.2.1/tree;" + root.String():            "",
		"/a b;" + root.String():                        "",
		"/a\tb;" + root.String():                       "",
		"/a\x00b;" + root.String():                     "",
		"/a\x1fb;" + root.String():                     "",
		"/a\x7fb;" + root.String():                     "",
		"/a\u0085b;" + root.String():                   "",
		"/a\xffb;" + root.String():                     "",
		"/a!~;" + root.String():                        "/a!~",
		"/a\r\nX-Queue: 1;" + root.String():            "",
		"/tree;" + root.String() + ";" + root.String(): "",
	} {
		var c candidate
		c.learnTree(http.Header{"X-Thex-Uri": {value}})
		if c.treePath != want || (c.treeRoot == root) != (want != "") {
			t.Errorf("%q: path %q, root %v", value, c.treePath, c.treeRoot)
		}
	}
}

// FuzzLearnTree: whatever a source says of its tree, it is asked for by a path at itself
// that a request can hold; and what cannot be read leaves what was known.
func FuzzLearnTree(f *testing.F) {
	root := tiger.Digest{1}.String()
	for _, value := range []string{"/tree;" + root, "//h/t;" + root, "/a b;" + root, "/a\x00;" + root, "/tree;" + root[1:], "http://h/;" + root, ";"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		known := candidate{treePath: "/known", treeRoot: tiger.Digest{2}}
		c := candidate{treePath: known.treePath, treeRoot: known.treeRoot}
		c.learnTree(http.Header{"X-Thex-Uri": {value}})
		if c.treePath == known.treePath && c.treeRoot == known.treeRoot {
			return
		}
		path, text, _ := strings.Cut(strings.TrimSpace(value), ";")
		if want, err := tiger.Parse(strings.TrimSpace(text)); err != nil || c.treeRoot != want || c.treePath != path {
			t.Errorf("%q: path %q, root %v, %v", value, c.treePath, c.treeRoot, err)
		}
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
			t.Errorf("%q: %q is not at the source", value, path)
		}
		for i := range len(path) {
			if path[i] <= ' ' || path[i] >= 0x7f {
				t.Errorf("%q: %q in a path", value, path[i])
			}
		}
	})
}
