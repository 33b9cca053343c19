package servent

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/nat"
)

// reached says that others get through to the servent by TCP and UDP, as tests have told.
func (d *diagnosis) reached() bool {
	return d.st.Reachable.TCP == "yes" && d.st.Reachable.UDP == "yes"
}

// tested says whether anybody could test how the servent is reached; if not, why.
func (d *diagnosis) tested(check, state string) (Finding, bool) {
	switch {
	case state == "yes", state == "no":
		return Finding{}, true
	case d.alone():
		return off(check, "nobody else can come to %s", d.listen.Addr()), false
	case d.links == 0:
		return unknown(check, "nobody is there to test them: there are no links"), false
	}
	return unknown(check, "no peer has tested them yet"), false
}

func (d *diagnosis) tcp() Finding {
	f, tested := d.tested(checkTCP, d.st.Reachable.TCP)
	switch {
	case !tested:
		return f
	case d.st.Reachable.TCP == "yes":
		return fine(checkTCP, "others connect to this servent, at %s", d.st.Address)
	}
	return Finding{
		checkTCP, VerdictFault, FaultNoTCP,
		"others cannot connect to this servent (TCP)",
		"it must connect to whoever wants a file, which needs a third to pass that on; and it cannot be a supernode",
		d.letThrough("TCP"),
	}
}

func (d *diagnosis) udp() Finding {
	if d.st.NAT.Blocked == "yes" {
		return Finding{
			checkUDP, VerdictFault, FaultUDPBlocked,
			"no answer to any datagram comes back: UDP is blocked",
			"answers to searches take detours, and two servents to whom nobody can connect cannot meet",
			fmt.Sprintf("have the firewall let UDP port %d out and in, that of this machine or of the network", d.listen.Port()),
		}
	}
	f, tested := d.tested(checkUDP, d.st.Reachable.UDP)
	switch {
	case !tested:
		return f
	case d.st.Reachable.UDP == "yes":
		return fine(checkUDP, "datagrams that nobody asked for arrive (UDP)")
	}
	return Finding{
		checkUDP, VerdictFault, FaultNoUDP,
		"datagrams of others that were not asked for do not arrive (UDP)",
		"answers to searches take detours, by the links",
		d.letThrough("UDP"),
	}
}

// letThrough is what helps where nothing comes through.
func (d *diagnosis) letThrough(transport string) string {
	forwarding := d.forwarding()
	switch {
	case d.doubleNAT():
		return d.secondRouter().Do
	case forwarding.Verdict == VerdictFault:
		return forwarding.Do
	case d.translated() && d.st.PortMapping.TCP.State != "mapped":
		return d.byHand()
	}
	return fmt.Sprintf("have the firewall of this machine let %s port %d in", transport, d.listen.Port())
}

// byHand says what to have the router do where it cannot be asked.
func (d *diagnosis) byHand() string {
	to := "this machine"
	if own := d.inside(); own != "" {
		to = own
	}
	text := fmt.Sprintf("in the settings of the router%s, forward TCP and UDP port %d to %s", d.routerPage(), d.listen.Port(), to)
	if d.Brief {
		text += fmt.Sprintf(", and keep to that port with --listen :%d", d.listen.Port())
	}
	return text
}

func (d *diagnosis) routerPage() string {
	if r := d.st.PortMapping.Router; r != "" {
		return " (http://" + r + "/)"
	}
	return ""
}

// inside is this machine's address towards its router.
func (d *diagnosis) inside() string {
	for _, text := range []string{d.st.PortMapping.Inside, d.st.NAT.Local} {
		if a, err := netip.ParseAddrPort(text); err == nil && !a.Addr().IsUnspecified() {
			return a.Addr().String()
		}
	}
	if len(d.st.Own) > 0 {
		return d.st.Own[0]
	}
	return ""
}

// translated says whether a router changes this machine's address, as far as is known.
func (d *diagnosis) translated() bool {
	n := &d.st.NAT
	return n.Outside != "" && n.Mapping != nat.MappingNone.String()
}

func (d *diagnosis) router() Finding {
	n := &d.st.NAT
	switch {
	case d.alone():
		return off(checkRouter, "none stands between programs of one machine")
	case n.Blocked == "yes":
		return unknown(checkRouter, "no answer by UDP tells what kind it is")
	case n.Outside == "":
		return unknown(checkRouter, "no supernode or STUN server (--stun-server) has told where it sees this servent")
	}
	switch n.Mapping {
	case nat.MappingNone.String():
		return fine(checkRouter, "none changes the address of this servent, %s", n.Outside)
	case nat.MappingEndpoint.String():
		return fine(checkRouter, "all others see this servent at %s", n.Outside)
	case nat.MappingUnknown.String():
		return unknown(checkRouter, "one server sees this servent at %s; a second one would tell what kind of router that is", n.Outside)
	}
	text := "each peer sees this servent at another address, as " + n.Outside + " (a symmetric NAT)"
	if d.reached() {
		return fine(checkRouter, "%s; no harm, since others get through", text)
	}
	return Finding{
		checkRouter, VerdictFault, FaultSymmetric, text,
		"it cannot tell others where its datagrams will come from: of servents to whom nobody can connect, few can meet it",
		d.byHand(),
	}
}

func (d *diagnosis) forwarding() Finding {
	p := &d.st.PortMapping
	f := p.TCP
	if rank := []string{"", "mapped", "asking", "failed", "denied"}; slices.Index(rank, p.UDP.State) > slices.Index(rank, f.State) {
		f = p.UDP // the worse one
	}
	switch {
	case p.Off != "":
		return off(checkForwarding, "no router is asked: %s", p.Off)
	case f.State == "mapped":
		return fine(checkForwarding, "the router forwards %s to %s (%s)", f.Outside, p.Inside, f.Protocol)
	case f.State == "asking":
		return unknown(checkForwarding, "the router is being asked to forward port %d", d.listen.Port())
	case f.State == "":
		return off(checkForwarding, "no router is asked")
	case f.State == "failed" && p.Router == "":
		return off(checkForwarding, "this machine has no router to ask (no default gateway)")
	case d.reached():
		return fine(checkForwarding, "the router forwards nothing, and need not: others get through")
	case f.State == "denied":
		return Finding{
			checkForwarding, VerdictFault, FaultMapsNot,
			fmt.Sprintf("the router says that it forwards %s (%s), but others do not get through", f.Outside, f.Protocol),
			"what the router says is not so", d.byHand(),
		}
	}
	return d.notForwarded(f.Errors)
}

// notForwarded tells of a router that has not done what it was asked for.
func (d *diagnosis) notForwarded(errs []RouterError) Finding {
	var said []string
	for _, e := range errs {
		if e.Refused {
			said = append(said, e.Error+" ("+e.Protocol+")")
		}
	}
	const means = "nobody outside can come to this servent unless the router forwards its port"
	switch untested := d.st.Reachable.TCP == "unknown" && d.st.Reachable.UDP == "unknown"; {
	case len(said) > 0:
		return Finding{
			checkForwarding, VerdictFault, FaultNotMapped,
			"the router does not forward the port: " + strings.Join(said, ", "), means,
			"allow UPnP or NAT-PMP in the settings of the router" + d.routerPage(),
		}
	case untested || !d.translated() && d.st.NAT.Outside != "":
		return unknown(checkForwarding, "no router here answers who asks it to forward a port")
	}
	return Finding{
		checkForwarding, VerdictFault, FaultNotMapped,
		"the router does not answer when it is asked to forward the port (UPnP, NAT-PMP, PCP)", means, d.byHand(),
	}
}

// outside is the address of this servent as its router says it, and as others see it;
// not valid where that is not known, or not public.
func (d *diagnosis) outside() (router, others netip.Addr) {
	for _, f := range []Forwarding{d.st.PortMapping.TCP, d.st.PortMapping.UDP} {
		if a, err := netip.ParseAddrPort(f.Outside); err == nil {
			router = a.Addr()
		}
	}
	for _, text := range []string{d.st.Address, d.st.NAT.Outside} {
		if a, err := netip.ParseAddrPort(text); err == nil && nat.ScopeOf(a.Addr()) == nat.Global {
			others = a.Addr()
		}
	}
	return router, others
}

// doubleNAT says whether another router stands between this one and others: the first
// has an address that is no public one, or not the one that others see.
func (d *diagnosis) doubleNAT() bool {
	router, others := d.outside()
	switch {
	case d.carrier():
		return true
	case !router.IsValid():
		return false
	case nat.ScopeOf(router) != nat.Global:
		return d.public() || others.IsValid()
	}
	return others.IsValid() && others != router
}

// carrier says whether this machine has an address that operators give to customers
// behind a translator of theirs.
func (d *diagnosis) carrier() bool {
	for _, text := range d.st.Own {
		if a, err := netip.ParseAddr(text); err == nil && nat.ScopeOf(a) == nat.Carrier {
			return true
		}
	}
	return false
}

func (d *diagnosis) secondRouter() Finding {
	router, others := d.outside()
	f := Finding{
		Check: checkSecond, Verdict: VerdictFault, Fault: FaultDoubleNAT,
		Means: "what your router forwards ends at the other one (double NAT), so that nobody outside can come to this servent",
	}
	if d.carrier() || router.IsValid() && nat.ScopeOf(router) == nat.Carrier {
		f.Text = "your provider has a router of its own before yours, as an address from 100.64.0.0/10 shows (carrier-grade NAT)"
		f.Do = "ask the provider for a public address"
		return f
	}
	f.Text = fmt.Sprintf("your router has the address %s, which is no public one: another router stands before it", router)
	if nat.ScopeOf(router) == nat.Global {
		f.Text = fmt.Sprintf("your router says that it is at %s, but others see this servent at %s: another router stands before it", router, others)
	}
	f.Do = "switch the router that is nearer to the internet to bridge mode, so that yours gets the public address"
	return f
}
