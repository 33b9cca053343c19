package nat

import (
	"net/netip"
	"testing"
	"time"
)

// sentBy runs a punch until it is over and counts the checks by address; last is when
// the last one was sent. A peer that answers sends back as many as it gets.
func sentBy(p *Punch, back map[netip.AddrPort]bool) (sent map[netip.AddrPort]int, last time.Duration) {
	sent = map[netip.AddrPort]int{}
	for now := begin; ; now = p.Deadline() {
		for to, ok := p.Next(now); ok; to, ok = p.Next(now) {
			sent[to]++
			last = now.Sub(begin)
			if back[to] {
				p.Checked(now, to)
			}
		}
		if _, state := p.Result(now); state != Punching {
			return sent, last
		}
	}
}

// TestPunchIsNoHammer: an address that nothing comes from gets few checks, spread over
// the time in which the other side may begin, and one host not many more, however many
// of its ports are named.
func TestPunchIsNoHammer(t *testing.T) {
	alone := ap("203.0.113.5:7000")
	sent, last := sentBy(NewPunch(begin, []netip.AddrPort{alone}), nil)
	if sent[alone] > BlindChecks || sent[alone] < BlindChecks/2 || last < PunchLimit/2 {
		t.Errorf("%d checks, the last after %v", sent[alone], last)
	}
	var ports []netip.AddrPort
	for i := range uint16(MaxCandidates + 1) {
		ports = append(ports, netip.AddrPortFrom(alone.Addr(), 7000+i))
	}
	sent, _ = sentBy(NewPunch(begin, ports), nil)
	all := 0
	for _, n := range sent {
		all += n
	}
	if all != HostChecks || len(sent) != MaxCandidates {
		t.Errorf("%d checks to %d ports of one host", all, len(sent))
	}
}

// TestPunchFollows where checks come from, for as long as they do, and no more addresses
// than the limit.
func TestPunchFollows(t *testing.T) {
	told, real := ap("203.0.113.5:7000"), ap("203.0.113.5:7001")
	p := NewPunch(begin, []netip.AddrPort{told})
	p.Next(begin)
	p.Checked(begin, real)
	at := begin.Add(checkPace)
	if to, ok := p.Next(at); !ok || to != real {
		t.Errorf("goes to %v, %v", to, ok)
	}
	sent, _ := sentBy(NewPunch(begin, []netip.AddrPort{told}), map[netip.AddrPort]bool{told: true})
	if most := int(PunchLimit/checkAgain) + 1; sent[told] <= BlindChecks || sent[told] > most {
		t.Errorf("%d checks to one that checks come from, %d at most", sent[told], most)
	}
	p = NewPunch(begin, nil)
	for i := range uint16(MaxLearned + 1) {
		if got, want := p.Checked(begin, netip.AddrPortFrom(real.Addr(), 7000+i)), i < MaxLearned; got != want {
			t.Errorf("address %d is followed: %v", i, got)
		}
	}
	if len(p.targets) != MaxLearned {
		t.Errorf("%d addresses are learned", len(p.targets))
	}
}

// TestPunchBegins once more when the other's addresses are told, and knows what came
// before; but not when it is open.
func TestPunchBegins(t *testing.T) {
	told, real := ap("203.0.113.5:7000"), ap("203.0.113.5:7001")
	p := NewPunch(begin, nil)
	p.Checked(begin, real)
	late := begin.Add(PunchLimit)
	if _, state := p.Result(late); state != PunchFailed {
		t.Errorf("waits in vain: %v", state)
	}
	p.Answered(late, real)
	if _, state := p.Result(late); state != PunchFailed {
		t.Errorf("answered when it was over: %v", state)
	}
	p.Begin(late, []netip.AddrPort{told, told})
	if to, ok := p.Next(late); !ok || to != real || len(p.targets) != 2 {
		t.Errorf("goes to %v, %v, of %d", to, ok, len(p.targets))
	}
	p.Answered(late, real)
	p.Begin(late.Add(time.Hour), []netip.AddrPort{told})
	if at, state := p.Result(late.Add(time.Hour)); state != PunchOpen || at != real {
		t.Errorf("open, and begun again: %v, %v", at, state)
	}
}
