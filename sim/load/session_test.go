package load

import (
	"testing"
	"time"
)

// TestSessionsOfPeers: sessions are drawn anew for each peer and each time, as the
// configuration says, and crash in the part that it says.
func TestSessionsOfPeers(t *testing.T) {
	w := make1(t, Config{Seed: 3, Peers: 10_000, Session: KAD()})
	other := make1(t, Config{Seed: 4, Peers: 10_000, Session: KAD()})
	var short, crashed, same int
	for p := range int32(10_000) {
		first, crashes := w.Session(p, 0)
		second, _ := w.Session(p, 1)
		elsewhere, _ := other.Session(p, 0)
		if first < KAD().Median() {
			short++
		}
		if crashes {
			crashed++
		}
		if again, _ := w.Session(p, 0); first == second || first == elsewhere || first != again {
			same++
		}
	}
	near(t, "sessions under the median", float64(short)/10_000, 0.5, 0.03)
	near(t, "sessions that crash", float64(crashed)/10_000, 0.3, 0.05)
	if same > 1 {
		t.Errorf("%d peers stay as long the second time, or with another seed, or not as long when asked again", same)
	}
	near(t, "median of KAD in minutes", KAD().Median().Minutes(), 93.4, 0.001)
	near(t, "hours that a tenth of KAD's stay", KAD().Quantile(0.9).Hours(), 10.96, 0.001)
	if stays, crashes := make1(t, Config{Peers: 10}).Session(3, 0); stays != Forever || crashes {
		t.Errorf("where nobody leaves a peer stays for %v", stays)
	}
}

// TestNobodyIsMissed: where crashes are noticed at once, nobody is down.
func TestNobodyIsMissed(t *testing.T) {
	w := make1(t, Config{Seed: 6, Peers: 10_000, Session: Weibull{time.Minute, 1}, Crashes: 1, Lag: -1})
	if w.Down() != nil {
		t.Error("peers are down that were missed")
	}
}

// TestFirewalled: as many peers are firewalled as the configuration says, whatever
// else they are.
func TestFirewalled(t *testing.T) {
	w := make1(t, Config{Seed: 8, Peers: 20_000, Firewalled: 0.3})
	var shut, sharing int
	for p := range int32(20_000) {
		if w.Firewalled(p) {
			shut++
			if w.Shares(p) {
				sharing++
			}
		}
	}
	near(t, "peers that are firewalled", float64(shut)/20_000, 0.3, 0.03)
	near(t, "of them those that share", float64(sharing)/float64(shut), 0.6, 0.03)
	if make1(t, Config{Peers: 10}).Firewalled(3) {
		t.Error("a peer is firewalled where none is")
	}
}
