//go:build loopback && linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestLANDiscovery: two servents on one network, told nothing of each other,
// meet by multicast DNS. The network is a cable between two namespaces.
func TestLANDiscovery(t *testing.T) {
	for name, route := range map[string]func(t *testing.T, ns string){
		"no default route":    func(*testing.T, string) {},
		"default route there": func(t *testing.T, ns string) { ip(t, fmt.Sprintf("-n %s route add default dev %s", ns, ns)) },
		"default route elsewhere": func(t *testing.T, ns string) {
			ip(t, fmt.Sprintf("-n %s link add elsewhere type veth peer name nowhere", ns))
			ip(t, fmt.Sprintf("-n %s addr add 10.99.8.1/24 dev elsewhere", ns))
			ip(t, fmt.Sprintf("-n %s link set elsewhere up", ns))
			ip(t, fmt.Sprintf("-n %s route add default dev elsewhere", ns))
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, two := lan(t)
			route(t, one)
			route(t, two)
			testDiscovery(t, one, two)
		})
	}
}

func testDiscovery(t *testing.T, one, two string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "papaya giraffe.txt"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	sharing := exec.Command("ip", "netns", "exec", one, program, "share", "--json", dir)
	sharing.Env = append(os.Environ(), "HOME="+t.TempDir())
	told, err := sharing.StdoutPipe()
	if err == nil {
		err = sharing.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sharing.Process.Kill()
		_ = sharing.Wait()
	})
	for lines := bufio.NewScanner(told); lines.Scan() && !strings.Contains(lines.Text(), `"ready"`); {
	}
	search := exec.Command("ip", "netns", "exec", two, program, "search", "--json", "--limit", "1", "--timeout", "40s", "giraffe papaya")
	search.Env = append(os.Environ(), "HOME="+t.TempDir())
	var problems bytes.Buffer
	search.Stderr = &problems
	out, err := search.Output()
	if err != nil {
		t.Fatalf("search: %v\n%s", err, problems.String())
	}
	found := object[servent.Found](t, string(out))
	if found.Name != "papaya giraffe.txt" || len(found.Sources) != 1 || !strings.HasPrefix(found.Sources[0].Addr, "10.99.7.1:") {
		t.Errorf("found %+v", found)
	}
}

// lan makes two network namespaces with a cable between them.
func lan(t *testing.T) (one, two string) {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and iproute2 to make network namespaces")
	}
	tag := fmt.Sprintf("sv%x", time.Now().UnixNano()&0xffffff)
	one, two = tag+"a", tag+"b"
	for _, ns := range []string{one, two} {
		ip(t, "netns add "+ns)
		t.Cleanup(func() { ip(t, "netns del "+ns) })
	}
	ip(t, fmt.Sprintf("link add %s netns %s type veth peer name %s netns %s", one, one, two, two))
	for i, ns := range []string{one, two} {
		ip(t, fmt.Sprintf("-n %s addr add 10.99.7.%d/24 dev %s", ns, i+1, ns))
		ip(t, fmt.Sprintf("-n %s link set lo up", ns))
		ip(t, fmt.Sprintf("-n %s link set %s up", ns, ns))
	}
	return one, two
}

func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}
