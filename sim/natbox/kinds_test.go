package natbox

import "testing"

// TestNamed: each name of the laboratory's tables has a kind of its own, and is known.
func TestNamed(t *testing.T) {
	seen := map[[2]Kind]string{}
	for _, name := range []string{"open", "full", "full+hairpin", "addr", "port", "presv", "rej", "sym", "fw", "cgn", "cgn+hairpin", "udpbl"} {
		router, carrier, ok := Named(name)
		if other := seen[[2]Kind{router, carrier}]; !ok || other != "" || !router.Valid() {
			t.Errorf("%s is known: %v, and the same as %q", name, ok, other)
		}
		seen[[2]Kind{router, carrier}] = name
	}
	if _, _, ok := Named("cone"); ok {
		t.Error("a name that nobody uses is known")
	}
}
