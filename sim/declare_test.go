package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// command is a word and its arguments, some of which are key=value.
type command struct {
	name string
	args []string
}

// splitWords splits at blanks, but not within "quotes" and (parentheses).
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, depth, any := false, 0, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, any = !quoted, true
			continue
		case !quoted && r == '(':
			depth++
		case !quoted && r == ')':
			depth--
		case !quoted && depth == 0 && r == ' ':
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
			continue
		}
		word.WriteRune(r)
		any = true
	}
	if quoted || depth != 0 || !any && len(words) == 0 {
		return nil, fmt.Errorf("unfinished line")
	}
	if any {
		words = append(words, word.String())
	}
	return words, nil
}

// arg returns the nth argument, "" when there are fewer.
func (c command) arg(n int) string {
	if n < len(c.args) {
		return c.args[n]
	}
	return ""
}

// get returns the value of key=value, "" when there is none.
func (c command) get(key string) string {
	for _, a := range c.args {
		if k, v, ok := strings.Cut(a, "="); ok && k == key {
			return v
		}
	}
	return ""
}

func (c command) has(word string) bool { return slices.Contains(c.args, word) }

// times reads x1000 at the end; 1 without.
func (c command) times() int {
	if n := len(c.args); n > 0 && strings.HasPrefix(c.args[n-1], "x") {
		if times, err := strconv.Atoi(c.args[n-1][1:]); err == nil {
			return times
		}
	}
	return 1
}

// members reads "(a,b)".
func members(list string) []string {
	list = strings.TrimSuffix(strings.TrimPrefix(list, "("), ")")
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func (s *script) declare(c command) error {
	if s.w.Len() > 0 {
		return fmt.Errorf("comes too late")
	}
	switch c.name {
	case "nodes":
		return s.declareNodes(c)
	case "node", "stranger":
		s.byName[c.arg(0)] = NodeID(len(s.byName))
	}
	s.decl = append(s.decl, strings.Join(append([]string{c.name}, quoteAll(c.args)...), " "))
	return nil
}

func quoteAll(args []string) []string {
	out := make([]string, 0, len(args))
	for _, a := range args {
		out = append(out, `"`+a+`"`)
	}
	return out
}

// declareNodes makes `nodes 3 leaf=(c)` three declarations of one.
func (s *script) declareNodes(c command) error {
	n, err := strconv.Atoi(c.arg(0))
	if err != nil || n < 1 || n > 26 {
		return fmt.Errorf("nodes: 1 to 26, not %q", c.arg(0))
	}
	for i := range n {
		name := string(rune('a' + i))
		one := command{"node", []string{name}}
		for _, opt := range c.args[1:] {
			key, list, ok := strings.Cut(opt, "=")
			switch {
			case !ok || !strings.HasPrefix(list, "("):
				one.args = append(one.args, opt)
			case slices.Contains(members(list), name):
				one.args = append(one.args, key)
			}
		}
		if err := s.declare(one); err != nil {
			return err
		}
	}
	return nil
}

// build makes what was declared.
func (s *script) build() error {
	decl := s.decl
	s.decl = nil
	for _, line := range decl {
		words, err := splitWords(line)
		if err != nil {
			return err
		}
		switch c := (command{words[0], words[1:]}); c.name {
		case "node":
			err = s.addNode(c, decl)
		case "stranger":
			s.addStranger(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *script) addNode(c command, decl []string) error {
	cfg := NodeConfig{Name: c.arg(0)}
	cfg.Overlay.ConnectOnly = true
	for _, opt := range c.args[1:] {
		if err := s.nodeOption(&cfg, opt); err != nil {
			return err
		}
	}
	for _, line := range decl {
		words, err := splitWords(line)
		if err == nil && words[0] == "share" && words[1] == cfg.Name {
			cfg.Files = append(cfg.Files, words[2:]...)
		}
	}
	if id := s.w.Add(cfg); c.has("off") { // until `start`
		s.w.Crash(id)
	}
	return nil
}

func (s *script) nodeOption(cfg *NodeConfig, opt string) error {
	key, value, _ := strings.Cut(opt, "=")
	n, _ := strconv.Atoi(value)
	switch key {
	case "leaf":
		cfg.Overlay.Role = overlay.RoleLeaf
	case "off":
	case "roam": // dials whom it hears of
		cfg.Overlay.ConnectOnly = false
	case "firewalled":
		cfg.Firewalled = true
	case "filtered": // firewalled, and does not know
		cfg.Filtered = true
	case "udp":
		cfg.Overlay.UDP = true
	case "hostcache":
		cfg.Overlay.HostCache = true
	case "blocks": // the address of a node that comes later or earlier
		blocked := addrOf(int(value[0] - 'a')).Addr()
		cfg.Overlay.Blocked = func(a netip.Addr) bool { return a == blocked }
	case "addr":
		cfg.Addr = netip.MustParseAddrPort(value)
		cfg.Overlay.IPv6 = cfg.Addr.Addr()
	case "unsure": // of its own address
		cfg.Overlay.Listen = netip.AddrPortFrom(netip.IPv4Unspecified(), 6346)
	case "connect":
		for _, name := range members(value) {
			cfg.Overlay.Connect = append(cfg.Overlay.Connect, addrOf(int(s.byName[name])))
		}
	case "links":
		cfg.Overlay.Links = n
	case "maxlinks":
		cfg.Overlay.MaxLinks = n
	case "ttl":
		cfg.Overlay.TTL = uint8(n)
	case "guid": // the first byte: who is lower
		cfg.Overlay.ID = protocol.GUID{0: byte(n)}.Marked()
	default:
		return fmt.Errorf("no such option %q", opt)
	}
	return nil
}

func (s *script) addStranger(c command) {
	name := c.arg(0)
	id := s.id("servent " + name)
	var headers []string
	for _, opt := range c.args[1:] {
		if key, value, ok := strings.Cut(opt, "="); ok {
			headers = append(headers, key, value)
		}
	}
	u := newStranger(id, !c.has("leaf"), headers...)
	s.others[name] = u
	cfg := NodeConfig{Name: name}
	cfg.Overlay.ID = id
	s.w.AddActor(cfg, u)
}

// ask answers `stats a` and `links a`.
func (s *script) ask(c command) error {
	id, err := s.node(c.arg(0))
	if err != nil {
		return err
	}
	n := s.w.Node(id)
	if n == nil {
		return fmt.Errorf("%s does not run", c.arg(0))
	}
	if c.name == "reach" {
		tcp, udp := n.Reachable()
		s.lines = append(s.lines, fmt.Sprintf("%s is reachable: tcp %s, udp %s", s.w.Name(id), tcp, udp))
		return nil
	}
	if c.name == "links" {
		s.lines = append(s.lines, s.linksOf(id, n))
		return nil
	}
	s.lines = append(s.lines, statsOf(s.w.Name(id), n.Stats())...)
	return nil
}

func (s *script) linksOf(id NodeID, n *overlay.Node) string {
	line := s.w.Name(id) + " has links to:"
	for _, l := range n.Links() {
		if peer, ok := s.w.Peer(l.ID); ok {
			line += " " + s.w.Name(peer)
		}
	}
	return line
}

// statsOf tells the counters that are not zero.
func statsOf(name string, st overlay.Stats) []string {
	var lines []string
	for _, k := range overlay.CountedKinds() {
		c := st.Of(k)
		if k != protocol.KindVendor && c != (overlay.Counter{}) {
			lines = append(lines, fmt.Sprintf("%s %s: in=%d out=%d duplicate=%d dropped=%d", name, k, c.In, c.Out, c.Duplicate, c.Dropped))
		}
	}
	for _, d := range overlay.Drops() {
		if n := st.Drops[d]; n > 0 {
			lines = append(lines, fmt.Sprintf("%s drop %s: %d", name, d, n))
		}
	}
	for code := range uint16(600) {
		if n := st.Closed[code]; n > 0 {
			lines = append(lines, fmt.Sprintf("%s closed with %d: %d", name, code, n))
		}
	}
	return lines
}
