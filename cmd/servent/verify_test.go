package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	file := filepath.Join(t.TempDir(), "danube.flac")
	writeFile(t, file, "walzer")
	h, right, wrong := newHome(t), "urn:sha1:"+sha1Of("walzer"), "urn:sha1:"+sha1Of("marsch")
	_, out, _ := h.run(t, "verify", "--json", file, right)
	shown := object[verified](t, out)
	if !shown.Verified || shown.Bytes != 6 || shown.SHA1 != sha1Of("walzer") || len(shown.Tiger) != 39 || shown.Path != file {
		t.Errorf("%+v", shown)
	}
	for name, tt := range map[string]struct {
		file, want string
		code       int
		text       string
	}{
		"right":         {file, right, 0, file + ": right\n  size   6 bytes\n  sha1   " + sha1Of("walzer")},
		"by magnet":     {file, "magnet:?xt=" + right + "&xl=6", 0, ": right"},
		"by tiger":      {file, "urn:tree:tiger:" + shown.Tiger, 0, ": right"},
		"wrong":         {file, wrong, 4, ": WRONG: content does not match its hash: the SHA-1 should be " + sha1Of("marsch")},
		"another size":  {file, "magnet:?xt=" + right + "&xl=7", 4, "the size should be 7 bytes"},
		"not there":     {file + "x", right, 1, "no such file"},
		"a folder":      {filepath.Dir(file), right, 1, "it is no file"},
		"no link":       {file, "danube", 2, "want a magnet link"},
		"without hash":  {file, "magnet:?dn=danube", 2, "want a magnet link"},
		"only the file": {file, "", 2, "want a magnet link"},
	} {
		code, out, errOut := h.run(t, "verify", tt.file, tt.want)
		if code != tt.code || !strings.Contains(out+errOut, tt.text) {
			t.Errorf("%s: exit %d: %s%s", name, code, out, errOut)
		}
	}
	if code, _, errOut := h.run(t, "verify", file); code != 2 || !strings.Contains(errOut, "name a file and the magnet link") {
		t.Errorf("no link at all: exit %d: %s", code, errOut)
	}
	code, out, _ := h.run(t, "verify", "--json", file, wrong)
	if v := object[verified](t, out); code != 4 || v.Verified || v.Error == "" || v.SHA1 != shown.SHA1 {
		t.Errorf("wrong, for scripts: exit %d: %s", code, out)
	}
}
