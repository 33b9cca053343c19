package servent

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestIdentityIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := loadIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := loadIdentity(dir)
	if err != nil || again.guid() != first.guid() {
		t.Fatalf("second start: %v, %v; want %v", again.guid(), err, first.guid())
	}
	other, err := loadIdentity(t.TempDir())
	if err != nil || other.guid() == first.guid() {
		t.Errorf("another data dir has the same identity (%v)", err)
	}
	info, err := os.Stat(filepath.Join(dir, identityFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v; want mode 600", info.Mode(), err)
	}
}

func TestGUIDIsBoundToKey(t *testing.T) {
	id, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(id.key.Public().(ed25519.PublicKey))
	g := id.guid()
	for i := range g {
		want := sum[i]
		switch i {
		case 8:
			want = 0xff
		case 15:
			want = 0
		}
		if g[i] != want {
			t.Errorf("byte %d is %#x, want %#x", i, g[i], want)
		}
	}
}

func TestDamagedIdentity(t *testing.T) {
	dir := t.TempDir()
	if _, err := loadIdentity(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, identityFile)
	for _, text := range []string{"", "garbage", "-----BEGIN SERVENT ED25519 SEED-----\nAAAA\n-----END SERVENT ED25519 SEED-----\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := loadIdentity(dir)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: error %v does not name the file", text, err)
		}
		if left, _ := os.ReadFile(path); string(left) != text {
			t.Errorf("%q was overwritten", text)
		}
	}
}

func TestTwoServentsOnOneDataDir(t *testing.T) {
	cfg := Config{DataDir: filepath.Join(t.TempDir(), "new", "dir"), Listen: "127.0.0.1:0", ConnectOnly: true}
	first, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), cfg.DataDir) {
		t.Errorf("second: %v, want ErrLocked naming the dir", err)
	}
	first.Close()
	again, err := New(cfg)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	defer again.Close()
	if again.GUID() != first.GUID() {
		t.Error("another identity after a restart")
	}
}

func TestPortIsKept(t *testing.T) {
	cfg := Config{DataDir: t.TempDir(), ConnectOnly: true}
	first, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	again, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	if first.Addr().Port() != again.Addr().Port() || first.Addr().Port() == 0 {
		t.Errorf("ports %v and %v", first.Addr(), again.Addr())
	}
	taken, err := net.Listen("tcp", again.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	third, err := New(cfg)
	if err != nil {
		t.Fatalf("with the kept port taken: %v", err)
	}
	third.Close()
	if third.Addr().Port() == first.Addr().Port() {
		t.Error("took a port that is in use")
	}
}

// TestPortInUse: with SO_REUSEPORT alone a second servent would share the port
// unseen.
func TestPortInUse(t *testing.T) {
	first, err := New(Config{Listen: "127.0.0.1:0", ConnectOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	_, err = New(Config{Listen: first.Addr().String(), ConnectOnly: true})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("second: %v, want address in use and what to do", err)
	}
}

func TestHostsFile(t *testing.T) {
	dir := t.TempDir()
	if got := loadHosts(dir); got != nil {
		t.Errorf("without a file: %v", got)
	}
	want := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:6346"), netip.MustParseAddrPort("[fe80::1]:1")}
	if err := saveHosts(dir, want); err != nil {
		t.Fatal(err)
	}
	if got := loadHosts(dir); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	text := "garbage\n10.0.0.2:6346\n\x00\n10.0.0.3\n" + strings.Repeat("10.0.0.4:1\n", 2*maxHosts)
	if err := os.WriteFile(filepath.Join(dir, hostsFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := loadHosts(dir); len(got) != maxHosts || got[0] != netip.MustParseAddrPort("10.0.0.2:6346") {
		t.Errorf("%d hosts of a damaged file, first %v", len(got), got[0])
	}
	if err := saveHosts(dir, loadHosts(dir)); err != nil {
		t.Fatal(err)
	}
}

func TestConfigErrors(t *testing.T) {
	for want, cfg := range map[string]Config{
		"network":   {Network: "wan"},
		"leaves":    {MaxLeaves: -1},
		"rates":     {UploadRate: -1},
		"host:port": {Connect: []string{"example"}},
		"port":      {Connect: []string{"127.0.0.1:0"}},
		"resolved":  {Connect: []string{"no such host:1"}},
		"listen":    {Listen: "203.0.113.1:1"},
	} {
		cfg.ConnectOnly = true
		if cfg.Listen == "" {
			cfg.Listen = "127.0.0.1:0"
		}
		s, err := New(cfg)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
}
