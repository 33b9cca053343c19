package servent

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// cachesFile keeps the bootstrap caches and when they were asked, so that
// a servent that is started often does not ask them as often.
const cachesFile = "caches"

// maxCachesFile is how much of it is read.
const maxCachesFile = 2 * maxCaches * 300

// loadCaches adds what the data dir holds to the books; what cannot be read is
// left out.
func loadCaches(dir string, udp, web *cacheBook) {
	text, err := os.ReadFile(filepath.Join(dir, cachesFile))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text[:min(len(text), maxCachesFile)])) {
		name, at, _ := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			continue
		}
		book := udp
		if isURL(name) {
			book = web
		} else if !isCacheName(name) {
			continue
		}
		book.hear(name)
		if c := book.find(name); c != nil && seconds > 0 {
			c.asked = time.Unix(seconds, 0)
		}
	}
}

func saveCaches(dir string, books ...*cacheBook) error {
	var b strings.Builder
	for _, book := range books {
		for _, c := range book.list {
			fmt.Fprintf(&b, "%s %d\n", c.name, max(c.asked.Unix(), 0))
		}
	}
	return WriteFile(filepath.Join(dir, cachesFile), []byte(b.String()))
}

func isURL(name string) bool {
	canonical, ok := protocol.CanonicalCache(name)
	return ok && canonical == name
}

// isCacheName says whether a stranger's name for a UDP host cache can be one:
// host:port.
func isCacheName(name string) bool {
	host, port, err := net.SplitHostPort(name)
	if err != nil || host == "" || len(name) > 255 || strings.ContainsAny(name, " \t\r\n/") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n != 0
}
