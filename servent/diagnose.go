package servent

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Facts are what a diagnosis is made of.
type Facts struct {
	Status Status
	// Taken is the address that the user wants to listen on and another program has;
	// Status is then of a servent on another port.
	Taken string
	// Brief says that the servent of Status was started for the diagnosis, and that its
	// port is not the one of later starts.
	Brief bool
}

// Finding is what one check has found, in words for people.
type Finding struct {
	Check   string `json:"check"`   // network, port, peers, connections, datagrams, router, forwarding, second router or clock
	Verdict string `json:"verdict"` // ok, fault, unknown, or off: nothing to check
	Fault   string `json:"fault,omitempty"`
	Text    string `json:"text"`            // what is so
	Means   string `json:"means,omitempty"` // for the user, where it is a fault
	Do      string `json:"do,omitempty"`    // one thing that helps against the fault
}

// Verdicts of findings.
const (
	VerdictOK      = "ok"
	VerdictFault   = "fault"
	VerdictUnknown = "unknown"
	VerdictOff     = "off"
)

// Faults, as scripts know them.
const (
	FaultNoRoute    = "no_route"
	FaultPortTaken  = "port_taken"
	FaultNoPeers    = "no_bootstrap"
	FaultNoTCP      = "tcp_unreachable"
	FaultNoUDP      = "udp_unreachable"
	FaultUDPBlocked = "udp_blocked"
	FaultSymmetric  = "symmetric_nat"
	FaultNotMapped  = "mapping_refused"
	FaultMapsNot    = "mapping_useless"
	FaultDoubleNAT  = "double_nat"
	FaultClock      = "clock_off"
)

// Diagnose tells how a servent is off, check by check: first what the later ones depend
// on. Of a fault it says what that means and one thing to do.
func Diagnose(f Facts) []Finding {
	d := diagnosis{Facts: f, st: &f.Status}
	if at, err := netip.ParseAddrPort(f.Status.Listen); err == nil {
		d.listen = at
	}
	for _, n := range f.Status.Links {
		d.links += n
	}
	all := []Finding{d.network(), d.port()}
	if d.noRoute() {
		for _, check := range []string{checkPeers, checkTCP, checkUDP, checkRouter, checkForwarding} {
			all = append(all, unknown(check, "not checked without a network"))
		}
		return append(all, d.clock())
	}
	all = append(all, d.peers(), d.tcp(), d.udp(), d.router(), d.forwarding())
	if d.doubleNAT() && !d.reached() {
		all = append(all, d.secondRouter())
	}
	return append(all, d.clock())
}

// diagnosis is what Diagnose knows.
type diagnosis struct {
	Facts
	st     *Status
	listen netip.AddrPort
	links  int
}

// Checks by name.
const (
	checkNetwork    = "network"
	checkPort       = "port"
	checkPeers      = "peers"
	checkTCP        = "connections"
	checkUDP        = "datagrams"
	checkRouter     = "router"
	checkForwarding = "forwarding"
	checkSecond     = "second router"
	checkClock      = "clock"
)

func fine(check, format string, args ...any) Finding {
	return Finding{Check: check, Verdict: VerdictOK, Text: fmt.Sprintf(format, args...)}
}

func unknown(check, format string, args ...any) Finding {
	return Finding{Check: check, Verdict: VerdictUnknown, Text: fmt.Sprintf(format, args...)}
}

func off(check, format string, args ...any) Finding {
	return Finding{Check: check, Verdict: VerdictOff, Text: fmt.Sprintf(format, args...)}
}

// alone says that only programs of this machine can reach the servent.
func (d *diagnosis) alone() bool { return d.listen.Addr().IsLoopback() }

func (d *diagnosis) public() bool { return d.st.Network == string(Gnutella) }

// noRoute says that there is no way to where others are.
func (d *diagnosis) noRoute() bool {
	if d.links > 0 || d.alone() || d.st.Own == nil { // nil: it is not known
		return false
	}
	return len(d.st.Own) == 0 || !d.st.World && (d.public() || d.unreachable())
}

// unreachable says that this machine knows no way to any of the peers named with --connect.
func (d *diagnosis) unreachable() bool {
	return len(d.st.Seeds) > 0 && !slices.ContainsFunc(d.st.Seeds, func(s SeedInfo) bool {
		return !strings.Contains(s.Error, "unreachable network") && !strings.Contains(s.Error, "network is unreachable") // Windows, and all others
	})
}

func (d *diagnosis) network() Finding {
	own := strings.Join(d.st.Own, ", ")
	switch {
	case d.alone():
		return off(checkNetwork, "the servent listens on %s, where only programs of this machine reach it", d.listen.Addr())
	case len(d.st.Own) == 0 && d.noRoute():
		return Finding{
			checkNetwork, VerdictFault, FaultNoRoute,
			"this machine is on no network",
			"no other servent can be found or reached",
			"connect the machine to a network, by cable or radio, then run `servent doctor` again",
		}
	case d.noRoute():
		return Finding{
			checkNetwork, VerdictFault, FaultNoRoute,
			"this machine (" + own + ") has no route to the internet",
			"no servent beyond the local network can be found or reached",
			"give the machine a default gateway, which is the address of your router (DHCP does that by itself)",
		}
	case own == "":
		return unknown(checkNetwork, "this machine has told no address")
	case d.st.World:
		return fine(checkNetwork, "this machine is at %s, with a route to the internet", own)
	}
	return fine(checkNetwork, "this machine is at %s, with no route to the internet", own)
}

func (d *diagnosis) port() Finding {
	const end = "end that program"
	switch port := d.listen.Port(); {
	case d.Taken != "":
		return Finding{
			checkPort, VerdictFault, FaultPortTaken,
			"another program listens on " + d.Taken,
			fmt.Sprintf("a servent cannot start there; what follows was found on port %d", port),
			"name another port with --listen, as in --listen :0 for any that is free",
		}
	case d.st.PortTaken != 0:
		return Finding{
			checkPort, VerdictFault, FaultPortTaken,
			fmt.Sprintf("another program has port %d, which this servent has used so far; now it is port %d", d.st.PortTaken, port),
			"what a firewall or a router has been told to let through does not reach this servent",
			end + ", then start the servent again",
		}
	default:
		return fine(checkPort, "listens on port %d, by TCP and UDP", port)
	}
}

// justStarted is how long a servent looks for others before it counts as alone.
const justStarted = 5

func (d *diagnosis) peers() Finding {
	known := count(d.st.Hosts, "host") + " known"
	fault := func(text, do string) Finding {
		return Finding{checkPeers, VerdictFault, FaultNoPeers, text, "searches find nothing, and nobody finds what is shared", do}
	}
	switch {
	case d.links > 0:
		return fine(checkPeers, "linked with %s; %s", count(d.links, "servent"), known)
	case d.st.ConnectOnly && len(d.st.Seeds) == 0:
		return off(checkPeers, "none, and none is looked for: --connect-only without --connect")
	case d.st.Uptime < justStarted:
		return unknown(checkPeers, "none yet; %s", known)
	case len(d.st.Seeds) > 0:
		return fault("no link with the peers named with --connect: "+seedErrors(d.st.Seeds), "see that a servent runs there, and that --connect names its address")
	case d.public() && d.st.Hosts > 0:
		return fault(known+", and none has taken a link", "let the program connect to others in the firewall of this machine")
	case d.public():
		return fault("no host is known, and no host cache has named one"+rungErrors(d.st.Bootstrap), "name a servent that runs with --connect host:port")
	}
	return fault("no other servent answers on this network", "name one that runs with --connect host:port")
}

// maxSeedErrors is how many peers are told of.
const maxSeedErrors = 3

func seedErrors(seeds []SeedInfo) string {
	var texts []string
	for _, s := range seeds[:min(len(seeds), maxSeedErrors)] {
		text := s.Addr
		if s.Error != "" {
			text += " (" + s.Error + ")"
		}
		texts = append(texts, text)
	}
	if more := len(seeds) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}

func rungErrors(rungs []RungInfo) string {
	var texts []string
	for _, r := range rungs {
		if r.Error != "" {
			texts = append(texts, r.Error)
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return " (" + strings.Join(texts, "; ") + ")"
}

func (d *diagnosis) clock() Finding {
	c := d.st.Clock
	apart := offText(time.Duration(c.Off) * time.Second)
	switch {
	case c.State == "wrong":
		return Finding{
			checkClock, VerdictFault, FaultClock,
			fmt.Sprintf("this machine's clock is %s, as %d of %s say", apart, c.Agree, count(c.Witnesses, "other")),
			"dates of files and of log lines are wrong, and programs that check certificates refuse connections (HTTPS)",
			"have the system set its clock by itself: on Linux, `timedatectl set-ntp true`",
		}
	case c.State == "right":
		return fine(checkClock, "right, beside %s", count(c.Witnesses, "other"))
	case c.Witnesses == 0:
		return unknown(checkClock, "nobody has told the time yet")
	case c.Witnesses == 1:
		return unknown(checkClock, "%s beside the only other; which of the two is wrong a second one would tell", apart)
	}
	return unknown(checkClock, "%s say the time, and do not agree", count(c.Witnesses, "other"))
}

// offText says how far a clock is from others: "1h3m fast".
func offText(off time.Duration) string {
	way := "fast"
	if off < 0 {
		off, way = -off, "slow"
	}
	const day = 24 * time.Hour
	switch {
	case off < 2*time.Minute:
		return fmt.Sprintf("%d seconds %s", off/time.Second, way)
	case off < 2*time.Hour:
		return fmt.Sprintf("%d minutes %s", off/time.Minute, way)
	case off < 2*day:
		return fmt.Sprintf("%d hours %s", off/time.Hour, way)
	}
	return fmt.Sprintf("%d days %s", off/day, way)
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
