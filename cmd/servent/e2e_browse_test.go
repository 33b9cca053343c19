//go:build loopback && unix

package main

import (
	"context"
	"html"
	"io"
	"mime"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// chromium opens pages with Debian's Chromium; where it is not installed the
// test is left out.
type chromium struct{ path, profile string }

func newChromium(t *testing.T) *chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	return &chromium{path, t.TempDir()}
}

// run opens a page with more flags and returns what they print.
func (c *chromium) run(t *testing.T, flags ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir=" + c.profile,
		// Nothing but the loopback address is to be asked.
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
	}, flags...)...)
	cmd.WaitDelay = time.Second
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium %q: %v\n%s", flags, err, errs.String())
	}
	return string(out)
}

// dom is what a page is once it is loaded.
func (c *chromium) dom(t *testing.T, url string) string {
	t.Helper()
	return c.run(t, "--dump-dom", url)
}

// linkTo finds the address that a page links to under a name.
func linkTo(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`<a href="([^"]+)">` + regexp.QuoteMeta(html.EscapeString(name)) + `</a>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no link %q in\n%s", name, page)
	}
	return html.UnescapeString(m[1])
}

// TestBrowseInChromium opens what a servent shares in a browser: the folder, a
// folder in it, a search, a page that is not there; downloads a file; and takes
// a picture.
func TestBrowseInChromium(t *testing.T) {
	browser := newChromium(t)
	dir := t.TempDir()
	files := map[string]string{
		"Blue Danube.ogg":                                strings.Repeat("tone ", 300_000),
		"Music/Strauss/An der schönen Donau.mp3":         "on the beautiful blue Danube",
		"Music/Strauss/Radetzky.mp3":                     "march",
		"Books/東京の夜.epub":                                "night",
		"<img src=x onerror=alert(1)>.html":              "<script>document.title='gone wrong'</script>",
		"strange \u202egnp.exe":                          "x",
		"Photos/" + strings.Repeat("long ", 40) + ".jpg": "y",
	}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := "http://" + share(t, dir).ready.Listen
	top := browser.dom(t, root+"/")
	for _, want := range []string{"<title>Shared files · Servent/", "7 files", "Blue Danube.ogg", "magnet:?xt=urn:sha1:", "&lt;img src=x onerror=alert(1)&gt;.html"} {
		if !strings.Contains(top, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	music := browser.dom(t, root+linkTo(t, top, "Music"))
	strauss := browser.dom(t, root+linkTo(t, music, "Strauss"))
	wantDownload(t, root+linkTo(t, strauss, "An der schönen Donau.mp3"), "An der schönen Donau.mp3", files["Music/Strauss/An der schönen Donau.mp3"])
	wantDownload(t, root+linkTo(t, top, "Blue Danube.ogg"), "Blue Danube.ogg", files["Blue Danube.ogg"])
	if found := browser.dom(t, root+"/?q=radetzky+type:audio"); !strings.Contains(found, "Radetzky.mp3") || strings.Contains(found, "Danube.ogg") {
		t.Errorf("searched:\n%s", found)
	}
	if gone := browser.dom(t, root+"/nothing/here"); !strings.Contains(gone, "Nothing is here") {
		t.Errorf("a page that is not there:\n%s", gone)
	}
	picture := filepath.Join(t.TempDir(), "page.png")
	browser.run(t, "--screenshot="+picture, "--window-size=1000,700", root+"/")
	if info, err := os.Stat(picture); err != nil || info.Size() < 10_000 {
		t.Errorf("picture: %v, %v", info, err)
	}
}

// wantDownload fetches what a link leads to, as a browser that saves it.
func wantDownload(t *testing.T, url, name, content string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	_, params, _ := mime.ParseMediaType(strings.Replace(resp.Header.Get("Content-Disposition"), `filename="`, `plain="`, strings.Count(resp.Header.Get("Content-Disposition"), "filename*=")))
	if err != nil || resp.StatusCode != 200 || string(body) != content || params["filename"] != name {
		t.Errorf("%s: %s, %d bytes saved as %q, %v", url, resp.Status, len(body), params["filename"], err)
	}
}
