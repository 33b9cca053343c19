//go:build loopback && linux

package main

import (
	"bufio"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSilence: servents with --connect-only send to nobody but each other;
// without that flag the same sniffer sees multicast DNS.
func TestSilence(t *testing.T) {
	for name, only := range map[string]bool{"connect only": true, "by itself": false} {
		t.Run(name, func(t *testing.T) {
			one, two := lan(t)
			for _, ns := range []string{one, two} { // the kernel itself speaks IPv6
				netns(t, ns, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6")
			}
			wire := sniffAll(t, one)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "papaya giraffe.txt"), []byte("hello"), 0o600); err != nil {
				t.Fatal(err)
			}
			flags := []string{"--listen", "10.99.7.1:7001"}
			if only {
				flags = append(flags, "--connect-only")
			}
			cmd := append([]string{"ip", "netns", "exec", one, program, "share", "--json", dir}, flags...)
			h := newHome(t)
			sharing := exec.Command(cmd[0], cmd[1:]...)
			sharing.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h["HOME"]}
			out, err := sharing.StdoutPipe()
			if err == nil {
				err = sharing.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = sharing.Process.Kill(); _ = sharing.Wait() })
			for lines := bufio.NewScanner(out); lines.Scan() && !strings.Contains(lines.Text(), `"ready"`); {
				continue
			}
			netns(t, two, "env", "HOME="+t.TempDir(), program, "search", "--listen", "10.99.7.2:0", "--limit", "1", "--timeout", "20s",
				"--connect", "10.99.7.1:7001", "--connect-only", "giraffe papaya")
			told := map[string]bool{"10.99.7.1": true, "10.99.7.2": true}
			others, frames := 0, 0
			for dst := range wire(3 * time.Second) {
				frames++
				if !told[dst.String()] {
					others++
					if only {
						t.Errorf("a packet to %s", dst)
					}
				}
			}
			if frames == 0 || !only && others == 0 {
				t.Errorf("the sniffer saw %d packets, %d to others", frames, others)
			}
		})
	}
}

func netns(t *testing.T, ns string, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", append([]string{"netns", "exec", ns}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
}

// sniffAll listens to all packets of a namespace; the function that it returns
// yields where those of IPv4 went, until none has come for a while.
func sniffAll(t *testing.T, ns string) func(time.Duration) func(func(netip.Addr) bool) {
	t.Helper()
	type opened struct {
		fd  int
		err error
	}
	done := make(chan opened)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
		f, err := os.Open("/var/run/netns/" + ns)
		if err == nil {
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
			_ = f.Close()
		}
		fd := -1
		if err == nil {
			fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, 0x0300) // ETH_P_ALL
		}
		done <- opened{fd, err}
	}()
	s := <-done
	if s.err != nil {
		t.Fatal(s.err)
	}
	t.Cleanup(func() { _ = unix.Close(s.fd) })
	return func(quiet time.Duration) func(func(netip.Addr) bool) {
		return func(yield func(netip.Addr) bool) {
			limit := unix.NsecToTimeval(int64(quiet))
			_ = unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
			buf := make([]byte, 2048)
			for end := time.Now().Add(quiet); time.Now().Before(end); {
				n, _, err := unix.Recvfrom(s.fd, buf, 0)
				if err != nil {
					return
				}
				if n >= 20 && buf[0]>>4 == 4 {
					a, _ := netip.AddrFromSlice(net.IP(buf[16:20]))
					if !yield(a) {
						return
					}
				}
			}
		}
	}
}
