package transfer

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// peer is a loader that serves what it has: a client and a server that know of one
// another's files.
type peer struct {
	client *Client
	server *Server
	addr   netip.AddrPort
}

func newPeer(t testing.TB) *peer {
	t.Helper()
	p := new(peer)
	m := new(mesh.Mesh)
	isSelf := func(a netip.AddrPort) bool { return a == p.addr }
	p.client = NewClient(ClientConfig{Mesh: m, IsSelf: isSelf, Self: func(netip.Addr) netip.AddrPort { return p.addr }})
	p.server, p.addr = startServer(t, ServerConfig{
		Files: newFolder(t), Mesh: m, IsSelf: isSelf, Partial: p.client.Partial, MaxUploads: 32, MaxPerAddr: 32,
	})
	t.Cleanup(p.client.Close)
	return p
}

// TestSeedFeedsMany: of one slow seed each byte leaves about once, since those who load
// give one another what they have. Alone on a machine 1.1 files leave it; with the race
// detector and other tests beside it word of who has what comes late: 1.3 was seen.
func TestSeedFeedsMany(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const loaders, size, perSecond = 8, 24 << 20, 5 << 20
	content := noise(size)
	files := newFolder(t)
	files.add(t, "file.bin", content)
	seed, addr := startServer(t, ServerConfig{
		Files: files, Mesh: new(mesh.Mesh), Rate: rate.NewLimiter(perSecond, 256<<10), MaxUploads: 32, MaxPerAddr: 32,
	})
	begin := time.Now()
	var all sync.WaitGroup
	for range loaders {
		p := newPeer(t)
		all.Go(func() {
			r := mustGet(t, p.client, jobFor(t, content, addr), content)
			t.Logf("%v: %d sources, fetched %.2f files, gave %.2f", r.Elapsed, r.Sources, float64(r.Fetched)/size, float64(p.server.Stats().Bytes)/size)
		})
	}
	all.Wait()
	took, sent := time.Since(begin), float64(seed.Stats().Bytes)/size
	t.Logf("%v, %.2f files left the seed", took, sent)
	if sent > 1.6 {
		t.Errorf("%.2f files left the seed", sent)
	}
}
