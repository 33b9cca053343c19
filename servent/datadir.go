package servent

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrLocked says that another servent runs on the same data dir.
var ErrLocked = errors.New("data dir is in use by another servent")

const (
	lockFile   = "lock"
	portFile   = "port"
	hostsFile  = "hosts"
	hashesFile = "hashes.db"
	indexDir   = "index" // of shared files
	maxHosts   = 500     // lines read from the host cache
)

// lockDir makes dir and takes its lock; the caller closes the file to give it back.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data dir: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data dir: %w", err)
	}
	if err := lock(f); err != nil {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	return f, nil
}

// Begun says whether a servent has run on a data dir.
func Begun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, identityFile))
	return err == nil
}

// file is where something is in the data dir, "" where there is none.
func (c Config) file(name string) string {
	if c.DataDir == "" {
		return ""
	}
	return filepath.Join(c.DataDir, name)
}

// keptPort reads the port that an earlier start chose; 0 when there is none.
func keptPort(dir string) int {
	text, err := os.ReadFile(filepath.Join(dir, portFile))
	if err != nil {
		return 0
	}
	port, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

func keepPort(dir string, port int) error {
	return WriteFile(filepath.Join(dir, portFile), []byte(strconv.Itoa(port)+"\n"))
}

// loadHosts reads the host cache; what cannot be read is left out.
func loadHosts(dir string) []netip.AddrPort {
	text, err := os.ReadFile(filepath.Join(dir, hostsFile))
	if err != nil {
		return nil
	}
	var hosts []netip.AddrPort
	for line := range strings.Lines(string(text)) {
		a, err := netip.ParseAddrPort(strings.TrimSpace(line))
		if err == nil && len(hosts) < maxHosts {
			hosts = append(hosts, a)
		}
	}
	return hosts
}

func saveHosts(dir string, hosts []netip.AddrPort) error {
	var b strings.Builder
	for _, a := range hosts[:min(len(hosts), maxHosts)] {
		b.WriteString(a.String() + "\n")
	}
	return WriteFile(filepath.Join(dir, hostsFile), []byte(b.String()))
}
