package servent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

// failing is a listener that fails some times before it works.
type failing struct {
	*pipes
	errs []error
}

func (f *failing) Accept() (net.Conn, error) {
	if len(f.errs) == 0 {
		return f.pipes.Accept()
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: err}
}

func runFailing(t *testing.T, errs ...error) (ended chan error, warnings *logtest.Hook, p *pipes, cancel context.CancelFunc) {
	t.Helper()
	log, hook := logtest.NewNullLogger()
	p = newPipes()
	s, err := New(Config{ConnectOnly: true, Log: log, listener: &failing{p, errs}})
	if err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- s.Run(ctx) }()
	return ended, hook, p, cancel
}

// TestBrokenListener: an error that will not pass ends Run, with that error.
func TestBrokenListener(t *testing.T) {
	for _, broken := range []error{
		os.NewSyscallError("accept4", syscall.EINVAL), os.NewSyscallError("accept4", syscall.EBADF), errors.New("other"),
	} {
		synctest.Test(t, func(t *testing.T) {
			ended, _, _, cancel := runFailing(t, broken)
			defer cancel()
			if err := <-ended; !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "accept: ") {
				t.Errorf("Run: %v, want %v", err, broken)
			}
		})
	}
}

// TestTransientAcceptErrors: the others are outlasted, with one warning a series.
func TestTransientAcceptErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errs []error
		for _, number := range transient {
			errs = append(errs, os.NewSyscallError("accept4", number))
		}
		start := time.Now()
		ended, warnings, p, cancel := runFailing(t, errs...)
		p.knock().Close()
		if took, want := time.Since(start), time.Duration(len(errs))*acceptRest; took != want {
			t.Errorf("accepted after %v, want %v", took, want)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		n := 0
		for _, e := range warnings.AllEntries() {
			if e.Level <= logrus.WarnLevel {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d warnings, want 1", n)
		}
	})
}

// TestFrom: who listens at one address of the machine calls from there too.
func TestFrom(t *testing.T) {
	for _, c := range []struct{ listen, to, want string }{
		{"5.9.0.1:6346", "5.10.0.1", "5.9.0.1"},
		{"5.9.0.1:6346", "2001:db8::1", ""},
		{"5.9.0.1:6346", "127.0.0.1", ""},
		{"[2001:db8::2]:6346", "2001:db8::1", "2001:db8::2"},
		{"[::]:6346", "5.10.0.1", ""},
		{"127.0.0.1:6346", "5.10.0.1", ""},
	} {
		s := &Servent{addr: netip.MustParseAddrPort(c.listen)}
		got := s.from(netip.MustParseAddr(c.to))
		if want, _ := netip.ParseAddr(c.want); got != want {
			t.Errorf("listening on %s, a connection to %s comes from %v, not %q", c.listen, c.to, got, c.want)
		}
	}
}

// TestKeptPortTaken: where another program has the port of earlier starts, another one is
// taken, and that is known; a port that the user wants is not replaced.
func TestKeptPortTaken(t *testing.T) {
	other, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	taken := other.Addr().(*net.TCPAddr).Port
	cfg := Config{DataDir: t.TempDir(), Log: discard()}
	if err := keepPort(cfg.DataDir, taken); err != nil {
		t.Fatal(err)
	}
	p, err := bind(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.close()
	if now := p.tcp.Addr().(*net.TCPAddr).Port; p.taken != taken || now == taken {
		t.Errorf("port %d, taken %d, want %d", now, p.taken, taken)
	}
	cfg.Listen = other.Addr().String()
	if _, err := bind(&cfg); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v", err)
	}
}
