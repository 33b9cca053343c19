//go:build loopback && linux

package main

import (
	"testing"
	"time"
)

// cableLost is how long a link may last whose other end has lost its cable; by its
// silence alone it would last for two minutes.
const cableLost = 45 * time.Second

// TestLostCable: a leaf and its supernode that lose each other without a word both
// know soon, whether the link was quiet or something waits to arrive.
func TestLostCable(t *testing.T) {
	for name, asks := range map[string]bool{"quiet": false, "with a question on its way": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			near, far := lan(t)
			super := newHome(t).spawnIn(t, far, "supernode", "--json", "--connect-only", "--listen", knownAt)
			super.line(t, `"ready"`)
			leaf := newHome(t).spawnIn(t, near, "share", "--json", "--connect-only", "--role", "leaf",
				"--listen", silentAt, "--connect", knownAt, t.TempDir())
			leaf.line(t, `"peer_up"`)
			super.line(t, `"peer_up"`)

			ip(t, "-n "+far+" link set "+far+" down")
			start := time.Now()
			if asks {
				leaf.home.callIn(t, near, "search", "--timeout", "1s", "mango zebra")
			}
			leaf.lineWithin(t, cableLost, `"peer_down"`)
			t.Logf("the leaf knows after %v", time.Since(start))
			super.lineWithin(t, cableLost-time.Since(start), `"peer_down"`)
			t.Logf("the supernode knows after %v", time.Since(start))
		})
	}
}
