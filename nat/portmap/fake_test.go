package portmap

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// hurry is the first wait in tests: answers on loopback take microseconds.
const hurry = 20 * time.Millisecond

// serveUDP answers datagrams on loopback until the test ends.
func serveUDP(t *testing.T, answer func(conn *net.UDPConn, from netip.AddrPort, b []byte)) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(home, 0)))
	if err != nil {
		t.Fatal(err)
	}
	over := background(func() {
		b := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			answer(conn, from, slices.Clone(b[:n]))
		}
	})
	t.Cleanup(func() { _ = conn.Close(); <-over })
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

// control is a router that speaks NAT-PMP and PCP. Its fields say how it misbehaves.
type control struct {
	mu      sync.Mutex
	seconds uint32                  // epoch
	noPMP   bool                    // passes over version 0
	noPCP   bool                    // passes over version 2
	spoil   func(b []byte) [][]byte // makes of each answer others
	stray   bool                    // answers from another port
	held    map[string]uint16       // outside ports by transport
	asked   int
}

// answerTo does what a request says.
func (c *control) answerTo(b []byte) []byte {
	switch {
	case len(b) == 2 && b[0] == 0 && !c.noPMP:
		return append(c.pmpHead(0), 25, 0, 0, 1)
	case len(b) == 12 && b[0] == 0 && !c.noPMP:
		c.hold(map[byte]string{pmpMapUDP: "UDP", pmpMapTCP: "TCP"}[b[1]], binary.BigEndian.Uint16(b[6:]), b[8:])
		return append(c.pmpHead(b[1]), b[4:]...)
	case len(b) >= pcpHeader && b[0] == pcpVersion && !c.noPCP:
		a := slices.Clone(b)
		a[1] |= answerBit
		binary.BigEndian.PutUint32(a[8:], c.seconds)
		clear(a[12:24])
		if b[1] == pcpMap {
			c.hold(map[byte]string{17: "UDP", 6: "TCP"}[b[36]], binary.BigEndian.Uint16(b[42:]), b[4:])
			outside := netip.MustParseAddr("25.0.0.2").As16()
			copy(a[44:], outside[:])
		}
		return a
	}
	return nil
}

func (c *control) pmpHead(op byte) []byte {
	return binary.BigEndian.AppendUint32([]byte{0, op | answerBit, 0, 0}, c.seconds)
}

func (c *control) hold(transport string, port uint16, lease []byte) {
	if binary.BigEndian.Uint32(lease) == 0 {
		delete(c.held, transport)
		return
	}
	c.held[transport] = port
}

// holds returns what it forwards.
func (c *control) holds() map[string]uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.held)
}

// restart sets its clock.
func (c *control) restart(seconds uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seconds = seconds
}

// startControl starts one, and returns where it is.
func startControl(t *testing.T, c *control) netip.AddrPort {
	c.held = map[string]uint16{}
	other, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(home, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	return serveUDP(t, func(conn *net.UDPConn, from netip.AddrPort, b []byte) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked++
		a := c.answerTo(b)
		if a == nil {
			return
		}
		answers := [][]byte{a}
		if c.spoil != nil {
			answers = c.spoil(a)
		}
		if c.stray {
			conn = other
		}
		for _, a := range answers {
			_, _ = conn.WriteToUDPAddrPort(a, from)
		}
	})
}

// gateTo is a gate in a hurry.
func gateTo(a netip.AddrPort) gate { return gate{a, hurry} }

// igdRouter is a router that speaks UPnP. Its fields say how it misbehaves.
type igdRouter struct {
	mu       sync.Mutex
	location string // instead of its own
	describe func(w http.ResponseWriter, r *http.Request)
	act      func(w http.ResponseWriter, action, body string) bool // says whether it has answered
	outside  string
	held     map[string]string // "TCP 6346" to "127.0.0.1 6346 3600"
	searched int
	url      string
	search   netip.AddrPort
}

const description = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0">%s<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>
<SCPDURL>/scpd.xml</SCPDURL><controlURL>%s</controlURL><eventSubURL>/evt</eventSubURL>
</service></serviceList></device></deviceList></device></deviceList></device></root>`

func startIGD(t *testing.T, r *igdRouter) *upnp {
	r.held, r.outside = map[string]string{}, "25.0.0.3"
	web := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(web.Close)
	r.url = web.URL
	r.search = serveUDP(t, func(conn *net.UDPConn, from netip.AddrPort, b []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.searched++
		location := r.url + "/root.xml"
		if r.location != "" {
			location = r.location
		}
		if strings.HasPrefix(string(b), "M-SEARCH * HTTP/1.1\r\n") {
			_, _ = conn.WriteToUDPAddrPort(searchAnswer(location), from)
		}
	})
	return &upnp{gateway: home, inside: 6346, ask: []netip.AddrPort{r.search}, wait: hurry}
}

func searchAnswer(location string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nST: %s\r\nUSN: uuid:1\r\nLOCATION: %s\r\n\r\n", searchTargets()[0], location)
}

func (r *igdRouter) serve(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case q.Method == http.MethodPost:
		b, _ := io.ReadAll(q.Body)
		_, action, _ := strings.Cut(strings.Trim(q.Header.Get("SOAPAction"), `"`), "#")
		if r.act == nil || !r.act(w, action, string(b)) {
			r.do(w, action, string(b))
		}
	case r.describe != nil:
		r.describe(w, q)
	default:
		fmt.Fprintf(w, description, "", "/ctl")
	}
}

// argument finds one of an action.
func argument(body, name string) string {
	if m := regexp.MustCompile("<" + name + ">([^<]*)</").FindStringSubmatch(body); m != nil {
		return m[1]
	}
	return ""
}

// do is what a good router does.
func (r *igdRouter) do(w io.Writer, action, body string) {
	key := argument(body, "NewProtocol") + " " + argument(body, "NewExternalPort")
	value := argument(body, "NewInternalClient") + " " + argument(body, "NewInternalPort") + " " + argument(body, "NewLeaseDuration")
	switch action {
	case "GetExternalIPAddress":
		reply(w, action, "<NewExternalIPAddress>"+r.outside+"</NewExternalIPAddress>")
	case "AddPortMapping":
		r.held[key] = value
		reply(w, action, "")
	case "DeletePortMapping":
		delete(r.held, key)
		reply(w, action, "")
	case "GetSpecificPortMappingEntry":
		f := strings.Fields(r.held[key])
		if len(f) != 3 {
			fault(w, noSuchEntry)
			return
		}
		reply(w, action, fmt.Sprintf("<NewInternalPort>%s</NewInternalPort><NewInternalClient>%s</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>x</NewPortMappingDescription><NewLeaseDuration>%s</NewLeaseDuration>", f[1], f[0], f[2]))
	default:
		fault(w, 401)
	}
}

const envelope = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>%s</s:Body></s:Envelope>`

func reply(w io.Writer, action, inner string) {
	fmt.Fprintf(w, envelope, fmt.Sprintf(`<u:%sResponse xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1">%s</u:%sResponse>`, action, inner, action))
}

func fault(w io.Writer, code int) {
	if h, ok := w.(http.ResponseWriter); ok {
		h.WriteHeader(http.StatusInternalServerError)
	}
	fmt.Fprintf(w, envelope, fmt.Sprintf(`<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>%d</errorCode><errorDescription>no</errorDescription></UPnPError></detail></s:Fault>`, code))
}
