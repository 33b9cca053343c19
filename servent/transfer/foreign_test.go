package transfer

import (
	"bytes"
	"crypto/sha1"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/protocol"
)

// movedListener has all clients come from one host that is not this machine.
type movedListener struct{ net.Listener }

func (l movedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return guestConn{conn, &net.TCPAddr{IP: net.IPv4(5, 0, 0, 1), Port: 1}}, nil
}

// TestForeignClients: curl and aria2 fetch by hash, with ranges and many connections, and need one
// slot for it.
func TestForeignClients(t *testing.T) {
	content := noise(24 << 20)
	files := newFolder(t)
	uri := "/uri-res/N2R?" + files.add(t, "film.avi", content).URN.SHA1URN()
	for name, tt := range map[string]struct {
		program string
		args    []string
	}{
		"curl":                     {"curl", []string{"-sS", "-f", "-o", "film.avi"}},
		"curl, a range":            {"curl", []string{"-sS", "-f", "-r", "1000-8388607", "-o", "film.avi"}},
		"aria2, 16 ways, as it is": {"aria2c", []string{"-q", "-x16", "-s16", "-k1M", "-o", "film.avi"}},
		"aria2, 8 ways":            {"aria2c", []string{"-q", "-x8", "-s8", "-k1M", "-o", "film.avi"}},
		// More than a slot takes: aria2 is to come again (--retry-wait) where it gets 503.
		"aria2, 16 ways": {"aria2c", []string{"-q", "-x16", "-s16", "-k1M", "-m9", "--retry-wait=1", "-o", "film.avi"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(tt.program); err != nil {
				t.Skip(err)
			}
			limit := rate.NewLimiter(48<<20, 1<<20) // so that all connections are needed at once
			l := listen(t)
			s, addr := NewServer(ServerConfig{Files: files, MaxUploads: 1, Rate: limit}), addrOf(l)
			go s.Serve(movedListener{l}) //nolint:errcheck // ends with Close
			defer s.Close()
			want := content
			if name == "curl, a range" {
				want = content[1000 : 8<<20]
			}
			cmd := exec.Command(tt.program, append(tt.args, "http://"+addr.String()+uri)...)
			cmd.Dir = t.TempDir()
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s; %+v", err, out, s.Stats())
			}
			got, err := os.ReadFile(filepath.Join(cmd.Dir, "film.avi"))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			// aria2 may ask on a new connection before we have seen that it has closed another.
			turned := s.Stats().PerSlot > 1
			if st := s.Stats(); turned && !strings.Contains(name, "16") || st.PerSlot == 0 && strings.Contains(name, "16") || st.Queued != 0 || st.QueueFull+st.PerAddr > 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestForeignClientsOfAPart: aria2 and curl say what they cannot get, and get what is there.
func TestForeignClientsOfAPart(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	content := noise(1 << 20)
	p := partOf(t, content, protocol.Range{First: 100_000, End: 900_000})
	_, addr := startServer(t, ServerConfig{Files: newFolder(t), Partial: loading(&p)})
	out, err := exec.Command("curl", "-sS", "-f", "-r", "200000-299999", "http://"+addr.String()+p.uri()).Output()
	if err != nil || sha1.Sum(out) != sha1.Sum(content[200_000:300_000]) {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	if out, err := exec.Command("curl", "-sS", "-f", "http://"+addr.String()+p.uri()).Output(); err == nil || len(out) > 0 {
		t.Errorf("the whole: %d bytes, %v", len(out), err)
	}
}
