package library

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed282dab8e/servent/search"
)

func TestLeaveOutFile(t *testing.T) {
	tests := []struct {
		want  string
		names []string
	}{
		{"", []string{
			"Blue Danube.mp3", "server.go", "README", "keys.txt", "monkey.jpg", "keynote.pdf", "my secret garden.mp3", "a.part1.rar",
			"identity.go", "passwords of the world.pdf", "credit.txt", "secret", "x.pub", "shadow.mp3", "wallet.png", "environment.env.txt",
		}},
		{reasonHidden, []string{".bashrc", ".netrc", ".env", "..."}},
		{reasonSystem, []string{"Thumbs.db", "desktop.ini"}},
		{reasonSecret, []string{
			"id_rsa", "id_rsa.pub", "ID_RSA.bak", "id_ed25519", "id_ecdsa_sk", "ssh_host_rsa_key", "server.pem", "TLS.KEY", "safe.kdbx",
			"cert.pfx", "cert.p12", "client.ovpn", "store.jks", "_netrc", "my.netrc", "credentials", "Credentials.csv", "credentials_old.json",
			"credential.xml", "client_secret_123.json", "wallet.dat", "prod.env", "secrets.yaml", "passwords.txt", "key4.db",
			"Login Data", "cookies.sqlite", "logins.json", "secring.gpg", "shadow", "UTC--2016-01-01--abc", "putty.ppk", "terraform.tfstate",
		}},
		{reasonUnfinished, []string{"film.mkv.part", "x.crdownload", "film.mkv.part.journal"}},
		{reasonTemporary, []string{"notes.tmp", "notes.txt.swp", "notes.txt~", "~$letter.docx"}},
	}
	for _, tt := range tests {
		for _, name := range tt.names {
			if got := leaveOutFile(name); got != tt.want {
				t.Errorf("%q: %q, want %q", name, got, tt.want)
			}
		}
	}
	for name, want := range map[string]string{
		"music": "", ".git": reasonHidden, ".ssh": reasonHidden, "$RECYCLE.BIN": reasonSystem, "credentials": "", "lost+found": reasonSystem,
	} {
		if got := leaveOutFolder(name); got != want {
			t.Errorf("folder %q: %q, want %q", name, got, want)
		}
	}
}

// reasons returns why things of a folder are left out.
func reasons(l *Library, dir string) map[string]string {
	out := map[string]string{}
	for _, x := range l.LeftOut(dir) {
		out[x.Rel] = x.Reason
	}
	return out
}

func TestLeftOut(t *testing.T) {
	dir, outside := tempDir(t), tempDir(t)
	write(t, outside, "secret.txt", "s", "folder/deep.txt", "d")
	write(t, dir,
		"ok/song.mp3", "x", "ok/.hidden", "x", ".git/config", "x", ".git/objects/a", "x",
		"keys/id_rsa", "x", "empty.txt", "", "a.part", "x")
	links := map[string]string{
		"out.txt": filepath.Join(outside, "secret.txt"), "outdir": filepath.Join(outside, "folder"),
		"dead.txt": "nowhere", "in.txt": "ok/song.mp3", "indir": "ok", "loop": "loop", "up": "..",
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links: ", err)
		}
	}
	socket, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Skip("no unix sockets: ", err)
	}
	defer socket.Close()

	l := added(t, dir)
	wantRels(t, l, "ok/song.mp3")
	want := map[string]string{
		"ok/.hidden": reasonHidden, ".git": reasonHidden, "keys/id_rsa": reasonSecret, "empty.txt": reasonEmpty, "a.part": reasonUnfinished,
		"out.txt": reasonLinkOut, "outdir": reasonLinkOut, "dead.txt": reasonLinkDead, "in.txt": reasonLinkIn, "indir": reasonLinkIn,
		"loop": reasonLinkDead, "up": reasonLinkOut, "socket": reasonSpecial,
	}
	got := reasons(l, dir)
	for rel, reason := range want {
		if got[rel] != reason {
			t.Errorf("%s: %q, want %q", rel, got[rel], reason)
		}
	}
	if len(got) != len(want) || l.Roots()[0].LeftOut != len(want) {
		t.Errorf("left out: %v, %d in all; want %d", got, l.Roots()[0].LeftOut, len(want))
	}
	rescan(t, l)
	if n := l.Roots()[0].LeftOut; n != len(want) {
		t.Errorf("%d left out after a rescan, want %d", n, len(want))
	}
	if l.LeftOut(outside) != nil {
		t.Error("a folder that is not shared leaves something out")
	}
}

func TestLeftOutIsBounded(t *testing.T) {
	dir := tempDir(t)
	for i := range maxLeftOut + 1 {
		write(t, dir, fmt.Sprintf(".hidden%d", i), "")
	}
	l := added(t, dir)
	if got := len(l.LeftOut(dir)); got != maxLeftOut {
		t.Errorf("%d listed, want %d", got, maxLeftOut)
	}
	if got := l.Roots()[0].LeftOut; got != maxLeftOut+1 {
		t.Errorf("%d counted, want %d", got, maxLeftOut+1)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read everything")
	}
	dir := tempDir(t)
	write(t, dir, "ok.txt", "x", "no.txt", "x", "folder/deep.txt", "x")
	for _, name := range []string{"no.txt", "folder"} {
		path := filepath.Join(dir, name)
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(path, 0o700) }) // so that the folder can be removed
	}
	l := added(t, dir)
	wantRels(t, l, "ok.txt")
	got := reasons(l, dir)
	for _, name := range []string{"no.txt", "folder"} {
		if !strings.Contains(got[name], "cannot be read: permission denied") {
			t.Errorf("%s: %q", name, got[name])
		}
	}
	if err := l.Add(t.Context(), filepath.Join(dir, "folder")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want %v", err, fs.ErrPermission)
	}
}

func TestReasonOf(t *testing.T) {
	for want, err := range map[string]error{
		reasonVanished:                       &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist},
		"cannot be read: permission denied":  &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission},
		"cannot be read: input/output error": errors.New("input/output error"),
	} {
		if got := reasonOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestInvalidUTF8Name(t *testing.T) {
	dir := tempDir(t)
	if err := os.WriteFile(filepath.Join(dir, "caf\xe9 danube.txt"), []byte("x"), 0o644); err != nil {
		t.Skip("no such names here: ", err)
	}
	write(t, dir, ".\x1b[31m", "x")
	l := added(t, dir)
	f := one(t, l, "danube")
	if f.Rel != "caf\xe9 danube.txt" || f.Name() != "caf\uFFFD danube.txt" || !utf8.ValidString(f.Record().Name) {
		t.Errorf("%q, shown as %q", f.Rel, f.Name())
	}
	file, err := l.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	if left := l.LeftOut(dir); len(left) != 1 || left[0].Rel != ".[31m" {
		t.Errorf("left out: %q", left)
	}
}

func TestContains(t *testing.T) {
	tests := []struct {
		dir, path string
		want      bool
	}{
		{"/a", "/a", true},
		{"/a", "/a/b", true},
		{"/a", "/ab", false},
		{"/a/b", "/a", false},
		{"/", "/a", true},
	}
	for _, tt := range tests {
		dir, path := filepath.FromSlash(tt.dir), filepath.FromSlash(tt.path)
		if got := contains(dir, path); got != tt.want {
			t.Errorf("contains(%q, %q) = %v", dir, path, got)
		}
	}
	if got := below(filepath.FromSlash("/"), filepath.FromSlash("/a/b")); got != "a/b" {
		t.Errorf("below / is %q", got)
	}
}

// TestNamesInManyScripts: each is shared under its name, and found by it.
func TestNamesInManyScripts(t *testing.T) {
	names := []string{
		"война и мир", "πόλεμος και ειρήνη", "מלחמה ושלום", "الحرب والسلام", "युद्ध और शान्ति", "สงครามและสันติภาพ", "戦争と平和", "战争与和平", "전쟁과 평화",
		"ომი და მშვიდობა", "Պատերազմ և խաղաղություն", "ጦርነትና ሰላም", "Straße İstanbul Łódź", "e\u0301te\u0301", "𝔴𝔞𝔯 𝔞𝔫𝔡 𝔭𝔢𝔞𝔠𝔢", "👋 wave", "a\u202egpj.txt",
	}
	dir := tempDir(t)
	for i, name := range names {
		write(t, dir, name+".txt", name+fmt.Sprint(i))
	}
	l := added(t, dir)
	if got := rels(l); len(got) != len(names) {
		t.Fatalf("%d shared of %d: %q", len(got), len(names), got)
	}
	for _, name := range names {
		files, err := l.Find(t.Context(), search.WireQuery(name), nil, 0)
		if err != nil || !slices.ContainsFunc(files, func(f File) bool { return f.Rel == name+".txt" }) {
			t.Errorf("%q does not find its file: %v, %v", name, files, err)
		}
	}
}
