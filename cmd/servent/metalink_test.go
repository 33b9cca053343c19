package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// walzerHex is the SHA-1 of "walzer".
const walzerHex = "6b4384a866e57039c526cb90c3c4b3ed27628035"

func metalinkText(files string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><metalink xmlns="urn:ietf:params:xml:ns:metalink">` + files + `</metalink>`
}

func metalinkFileText(name, inside string) string {
	return `<file name="` + name + `"><hash type="sha-1">` + walzerHex + `</hash>` + inside + `</file>`
}

// TestReadMetalink: addresses become sources, to be asked by hash; the rest is counted.
func TestReadMetalink(t *testing.T) {
	files, p, err := readMetalink(strings.NewReader(metalinkText(
		metalinkFileText("waltzes/danube.flac", `<hash type="sha-256">00</hash><size>6</size>
			<url priority="1" location="de">http://192.0.2.1:6346/uri-res/N2R?urn:sha1:X</url><url> http://[2001:db8::1]:80/any </url>
			<url>http://example.org/danube.flac</url><url>https://192.0.2.1:1/x</url><url>http://192.0.2.1/x</url><url>ftp://192.0.2.1:21/x</url><metaurl mediatype="torrent">http://192.0.2.1:1/t</metaurl>`) +
			`<file name="unnamed"><hash type="sha-256">00</hash></file>`)))
	if err != nil || len(files) != 1 || p != (passed{files: 1, mirrors: 4}) {
		t.Fatalf("%+v, %+v, %v", files, p, err)
	}
	m, err := protocol.ParseMagnet(files[0].req.Magnet)
	if err != nil || m.Name != "danube.flac" || m.Size != 6 || fmt.Sprintf("%x", m.URN.SHA1[:]) != walzerHex ||
		!slices.Equal(m.Sources, []string{"http://192.0.2.1:6346/", "http://[2001:db8::1]:80/"}) {
		t.Errorf("%+v, %v", m, err)
	}
	if files[0].req.Folder != "waltzes" || files[0].label != "danube.flac" || files[0].size != 6 {
		t.Errorf("%+v", files[0])
	}
}

// TestReadMetalinkLimits: at each limit and one past.
func TestReadMetalinkLimits(t *testing.T) {
	urls := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<url>http://192.0.2.1:%d/x</url>", i+1)
		}
		return b.String()
	}
	for n, over := range map[int]int{protocol.MaxMagnetSources: 0, protocol.MaxMagnetSources + 1: 1} {
		if _, p, err := readMetalink(strings.NewReader(metalinkText(metalinkFileText("x", urls(n))))); err != nil || p.mirrors != over {
			t.Errorf("%d sources: %+v, %v", n, p, err)
		}
	}
	for n, ok := range map[int]bool{maxMetalinkFiles: true, maxMetalinkFiles + 1: false} {
		files, _, err := readMetalink(strings.NewReader(metalinkText(strings.Repeat(metalinkFileText("x", ""), n))))
		if (err == nil) != ok || ok && len(files) != n {
			t.Errorf("%d files: %d, %v", n, len(files), err)
		}
	}
	text := metalinkText(metalinkFileText("x", ""))
	for n, ok := range map[int]bool{maxMetalink: true, maxMetalink + 1: false} {
		if _, _, err := readMetalink(strings.NewReader(text + strings.Repeat(" ", n-len(text)))); (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestReadBadMetalink(t *testing.T) {
	bomb := `<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	for name, tt := range map[string]struct{ text, want string }{
		"empty":        {"", "no metalink"},
		"no XML":       {"magnet:?xt=urn:sha1:X", "no metalink"},
		"HTML":         {"<html></html>", "no metalink"},
		"version 3":    {`<metalink version="3.0" xmlns="http://www.metalinker.org/"><files/></metalink>`, "no metalink"},
		"cut":          {metalinkText(metalinkFileText("x", ""))[:150], "no metalink"},
		"entities":     {bomb + metalinkText(`<file name="&b;"><hash type="sha-1">`+walzerHex+`</hash></file>`), "no metalink"},
		"deep":         {metalinkText(strings.Repeat("<file>", 200_000)), "no metalink"},
		"no file":      {metalinkText(""), "names no file with a SHA-1"},
		"short hash":   {metalinkText(`<file name="x"><hash type="sha-1">` + walzerHex[1:] + `</hash></file>`), "names no file with a SHA-1"},
		"hash not hex": {metalinkText(`<file name="x"><hash type="sha-1">` + strings.Repeat("x", 40) + `</hash></file>`), "names no file with a SHA-1"},
	} {
		if files, _, err := readMetalink(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v", name, files, err)
		}
	}
}

// TestMetalinkThereAndBack: what is written is read as the same.
func TestMetalinkThereAndBack(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "blue & danube <1>.flac")
	content := strings.Repeat("walzer ", 100_000)
	writeFile(t, file, content)
	h := newHome(t)
	code, out, errOut := h.run(t, "metalink", "--source", "192.0.2.1:6346,[2001:db8::1]:1", file, "magnet:?xt=urn:sha1:"+sha1Of("x")+"&xs=http://192.0.2.7:5/uri-res/N2R&xs=http://example.org/")
	if code != 0 || errOut != "" || strings.Count(out, "<hash>") != 3 || !strings.Contains(out, `<pieces length="262144" type="sha-1">`) {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	files, p, err := readMetalink(strings.NewReader(out))
	if err != nil || len(files) != 2 || p != (passed{}) {
		t.Fatalf("%+v, %+v, %v", files, p, err)
	}
	m, _ := protocol.ParseMagnet(files[0].req.Magnet)
	if m.URN.SHA1.String() != sha1Of(content) || m.Name != filepath.Base(file) || m.Size != 700_000 ||
		!slices.Equal(m.Sources, []string{"http://192.0.2.1:6346/", "http://[2001:db8::1]:1/"}) {
		t.Errorf("%+v", m)
	}
	if m, _ = protocol.ParseMagnet(files[1].req.Magnet); m.URN.SHA1.String() != sha1Of("x") || len(m.Sources) != 3 || m.Sources[2] != "http://192.0.2.7:5/" {
		t.Errorf("%+v", m)
	}
	if code, _, errOut := h.run(t, "metalink", "urn:sha1:"+sha1Of("x")); code != 0 || !strings.Contains(errOut, "name one with --source") {
		t.Errorf("without sources: exit %d: %s", code, errOut)
	}
	for arg, want := range map[string]string{
		"nothing": "neither a file", "magnet:?dn=x": "magnet", dir: "it is no file", "7": "there is no search",
	} {
		if code, _, errOut := h.run(t, "metalink", arg); code == 0 || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit %d: %s", arg, code, errOut)
		}
	}
	if code, _, errOut := h.run(t, "metalink", "--source", "example.org", file); code != 2 || !strings.Contains(errOut, "address:port") {
		t.Errorf("source without a port: exit %d: %s", code, errOut)
	}
}

// TestGetMetalink: the file comes from the address that the metalink names, and lies
// nowhere but below the output folder.
func TestGetMetalink(t *testing.T) {
	dir := tree(t)
	_, ready := newHome(t).sharing(t, dir)
	h := newHome(t)
	_, out, errOut := h.run(t, "metalink", "--source", ready.Listen, filepath.Join(dir, "strauss", "radetzky.flac"))
	meta := filepath.Join(t.TempDir(), "x.META4")
	writeFile(t, meta, strings.Replace(out, `name="`, `name="../../up/`, 1))
	output := t.TempDir()
	code, out, errOut2 := h.run(t, "get", meta, "--connect-only", "--listen", "127.0.0.1:0", "--output", output)
	if want := filepath.Join(output, "up", "radetzky.flac"); code != 0 || !strings.Contains(out, want) {
		t.Errorf("exit %d: %s%s%s", code, out, errOut, errOut2)
	}
	writeFile(t, meta, "<html>")
	if code, _, errOut := h.run(t, "get", meta); code != 1 || !strings.Contains(errOut, "no metalink") {
		t.Errorf("no metalink: exit %d: %s", code, errOut)
	}
}

// FuzzMetalink: whatever is read is a magnet link that names a SHA-1, and can be
// written and read again.
func FuzzMetalink(f *testing.F) {
	f.Add([]byte(metalinkText(metalinkFileText("a/b", `<size>6</size><url>http://192.0.2.1:6346/uri-res/N2R?urn:sha1:X</url>`))))
	f.Add([]byte(metalinkText(`<file name="x"><pieces length="1" type="sha-1"><hash>00</hash></pieces></file>`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		files, _, err := readMetalink(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, w := range files {
			m, err := protocol.ParseMagnet(w.req.Magnet)
			if err != nil || !m.URN.HasSHA1 || len(m.Sources) > protocol.MaxMagnetSources || strings.HasPrefix(w.req.Folder, "/") {
				t.Fatalf("%+v: %v", w, err)
			}
			var out bytes.Buffer
			back := metalink{Files: []metalinkFile{metalinkOf(m, nil, nil)}}
			if err := back.write(&out); err != nil {
				t.Fatal(err)
			}
			again, _, err := readMetalink(&out)
			if err != nil {
				t.Fatalf("read again: %v", err)
			}
			if n, _ := protocol.ParseMagnet(again[0].req.Magnet); n.URN != m.URN || n.Size != m.Size {
				t.Errorf("%+v, again %+v", m, n)
			}
		}
	})
}
