package portmap

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/nat"
)

// entries returns what a router forwards.
func (r *igdRouter) entries() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprint(r.held)
}

func TestUPnPMapsAndRemoves(t *testing.T) {
	r := &igdRouter{}
	u := startIGD(t, r)
	m, err := u.add(t.Context(), nat.TCP, 6346)
	if err != nil || m.outside != netip.MustParseAddrPort("25.0.0.3:6346") || m.lease != Lease {
		t.Fatal(m, err)
	}
	if got := r.entries(); got != "map[TCP 6346:127.0.0.1 6346 3600]" {
		t.Errorf("held %s", got)
	}
	if got, err := u.check(t.Context(), m); err != nil || got != m {
		t.Error(got, err)
	}
	r.mu.Lock()
	r.held["TCP 6346"], r.outside = "127.0.0.9 6346 3600", "25.0.0.4"
	r.mu.Unlock()
	if _, err := u.check(t.Context(), m); !errors.Is(err, errLost) {
		t.Error("another machine has it, and we:", err)
	}
	r.mu.Lock()
	clear(r.held)
	r.mu.Unlock()
	if got, err := u.check(t.Context(), m); !errors.Is(err, errLost) || got.outside.Addr() != netip.MustParseAddr("25.0.0.4") {
		t.Error(got, err)
	}
	if m, err = u.add(t.Context(), nat.TCP, 6346); err != nil {
		t.Fatal(err)
	}
	for range 2 { // that it is gone already is no error
		if err := u.remove(t.Context(), m); err != nil || r.entries() != "map[]" {
			t.Error(err, r.entries())
		}
	}
}

// Actions that go wrong, and what is said of them.
func TestUPnPActions(t *testing.T) {
	on := func(action string, do func(w http.ResponseWriter, body string)) func(http.ResponseWriter, string, string) bool {
		return func(w http.ResponseWriter, a, body string) bool {
			if a == action {
				do(w, body)
			}
			return a == action
		}
	}
	const external, add = "GetExternalIPAddress", "AddPortMapping"
	answer := func(s string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, s) }
	}
	address := func(s string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, _ string) {
			reply(w, external, "<NewExternalIPAddress>"+s+"</NewExternalIPAddress>")
		}
	}
	for name, c := range map[string]struct {
		act  func(http.ResponseWriter, string, string) bool
		want error
	}{
		"not XML":   {on(external, answer("yes")), errGarbled},
		"other XML": {on(external, answer("<yes/>")), errGarbled},
		"nothing":   {on(external, answer("")), errGarbled},
		"huge":      {on(external, answer(strings.Repeat("x", maxBody+1))), errTooLarge},
		"sent on": {on(external, func(w http.ResponseWriter, _ string) {
			w.Header().Set("Location", "http://127.0.0.9/")
			w.WriteHeader(307)
		}), errElsewhere},
		"401 and no body":     {on(external, func(w http.ResponseWriter, _ string) { w.WriteHeader(401) }), errGarbled},
		"no address":          {on(external, address("")), errNoOutside},
		"address of 0":        {on(external, address("0.0.0.0")), errNoOutside},
		"no IPv4 address":     {on(external, address("2001:db8::1")), errGarbled},
		"not authorized":      {on(add, func(w http.ResponseWriter, _ string) { fault(w, 606) }), refusal{UPnP, 606}},
		"yes and nothing":     {on(add, func(w http.ResponseWriter, _ string) { reply(w, add, "") }), errEmpty},
		"all ports taken":     {on(add, func(w http.ResponseWriter, _ string) { fault(w, conflict) }), refusal{UPnP, conflict}},
		"hangs up":            {on(add, func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) }), errGarbled},
		"cannot tell entries": {on("GetSpecificPortMappingEntry", func(w http.ResponseWriter, _ string) { fault(w, 401) }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := startIGD(t, &igdRouter{act: c.act})
			if _, err := u.add(t.Context(), nat.UDP, 6346); !errors.Is(err, c.want) {
				t.Errorf("%v, not %v", err, c.want)
			}
		})
	}
}

// Descriptions and answers to the search that go wrong.
func TestUPnPDescriptions(t *testing.T) {
	page := func(base, control string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, description, base, control) }
	}
	text := func(s string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	head := func(n int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", n))
			fmt.Fprintf(w, description, "", "/ctl")
		}
	}
	whole := fmt.Sprintf(description, "", "/ctl")
	for name, c := range map[string]struct {
		r    igdAnswers
		want error
	}{
		"as it should be":         {igdAnswers{}, nil},
		"as large as it may":      {igdAnswers{describe: text(whole + strings.Repeat(" ", maxBody-len(whole)))}, nil},
		"too large by a byte":     {igdAnswers{describe: text(whole + strings.Repeat(" ", maxBody-len(whole)+1))}, errTooLarge},
		"a large head":            {igdAnswers{describe: head(maxHead / 2)}, nil},
		"too large a head":        {igdAnswers{describe: head(maxHead)}, errGarbled},
		"not XML":                 {igdAnswers{describe: text("welcome to your router")}, errGarbled},
		"cut off":                 {igdAnswers{describe: text(whole[:len(whole)/2])}, errGarbled},
		"forwards nothing":        {igdAnswers{describe: text(strings.ReplaceAll(whole, "WANIPConnection", "Printer"))}, errClosed},
		"control elsewhere":       {igdAnswers{describe: page("", "http://127.0.0.9/ctl")}, errElsewhere},
		"control by name":         {igdAnswers{describe: page("", "http://localhost/ctl")}, errElsewhere},
		"control by HTTPS":        {igdAnswers{describe: page("", "https://127.0.0.1/ctl")}, errElsewhere},
		"base elsewhere":          {igdAnswers{describe: page("<URLBase>http://127.0.0.9/</URLBase>", "/ctl")}, errElsewhere},
		"base that is none":       {igdAnswers{describe: page("<URLBase>http://[/</URLBase>", "/ctl")}, errGarbled},
		"control that is none":    {igdAnswers{describe: page("", "http://[/")}, errGarbled},
		"not found":               {igdAnswers{describe: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }}, errGarbled},
		"sent on":                 {igdAnswers{describe: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }}, errElsewhere},
		"description elsewhere":   {igdAnswers{location: "http://127.0.0.9/root.xml"}, errElsewhere},
		"description on the web":  {igdAnswers{location: "http://example.com/root.xml"}, errElsewhere},
		"nobody at the location":  {igdAnswers{location: "http://127.0.0.1:1/root.xml"}, errClosed},
		"no location":             {igdAnswers{location: " "}, errGarbled},
		"a location that is none": {igdAnswers{location: "http://[/"}, errGarbled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := startIGD(t, &igdRouter{location: c.r.location, describe: c.r.describe})
			if err := u.probe(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("%v, not %v", err, c.want)
			}
		})
	}
}

// igdAnswers is how an igdRouter misbehaves.
type igdAnswers struct {
	location string
	describe func(http.ResponseWriter, *http.Request)
}

// A port that another machine has is left to it, by routers that refuse and by those
// that would give it to whoever asks last.
func TestUPnPTakesNoOthersPort(t *testing.T) {
	r := &igdRouter{}
	u := startIGD(t, r)
	r.held["UDP 6346"] = "127.0.0.9 6346 3600"
	m, err := u.add(t.Context(), nat.UDP, 6346)
	if err != nil || m.outside.Port() == 6346 || m.outside.Port() < 1024 {
		t.Fatal(m, err)
	}
	if got := r.entries(); !strings.Contains(got, "UDP 6346:127.0.0.9") || !strings.Contains(got, fmt.Sprintf("UDP %d:127.0.0.1 6346", m.outside.Port())) {
		t.Error(got)
	}
}

func TestUPnPPortTries(t *testing.T) {
	for taken, want := range map[int]error{portTries - 1: nil, portTries: refusal{UPnP, conflict}} {
		n := 0
		u := startIGD(t, &igdRouter{act: func(w http.ResponseWriter, action, _ string) bool {
			if action != "AddPortMapping" {
				return false
			}
			if n++; n <= taken {
				fault(w, conflict)
			}
			return n <= taken
		}})
		if _, err := u.add(t.Context(), nat.UDP, 6346); !errors.Is(err, want) {
			t.Errorf("%d taken: %v", taken, err)
		}
	}
}

func TestUPnPPermanentOnly(t *testing.T) {
	r := &igdRouter{act: func(w http.ResponseWriter, action, body string) bool {
		no := action == "AddPortMapping" && argument(body, "NewLeaseDuration") != "0"
		if no {
			fault(w, onlyPermanent)
		}
		return no
	}}
	if _, err := startIGD(t, r).add(t.Context(), nat.UDP, 6346); err != nil || r.entries() != "map[UDP 6346:127.0.0.1 6346 0]" {
		t.Error(err, r.entries())
	}
}

// A router that has restarted may serve its description at another port.
func TestUPnPFindsARouterThatHasMoved(t *testing.T) {
	r := &igdRouter{}
	u := startIGD(t, r)
	m, err := u.add(t.Context(), nat.TCP, 6346)
	if err != nil {
		t.Fatal(err)
	}
	after := &igdRouter{}
	startIGD(t, after)
	r.mu.Lock()
	r.location = after.url + "/root.xml"
	r.act = func(w http.ResponseWriter, _, _ string) bool { fault(w, 501); return true }
	r.mu.Unlock()
	if _, err := u.check(t.Context(), m); !errors.Is(err, errLost) {
		t.Error(err)
	}
	if _, err := u.add(t.Context(), nat.TCP, 6346); err != nil || after.entries() == "map[]" {
		t.Error(err, after.entries())
	}
}

// Strangers may answer the search before the router does.
func TestStrangersAreNotBelieved(t *testing.T) {
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
	if err != nil {
		t.Skip("this system has one loopback address only")
	}
	defer stranger.Close()
	good := &igdRouter{}
	startIGD(t, good)
	for name, c := range map[string]struct {
		strangers int
		want      error
	}{
		"none":                {0, nil},
		"as many as are read": {maxSearchAnswers - 1, nil},
		"more":                {maxSearchAnswers, errSilent},
	} {
		first := true
		at := serveUDP(t, func(conn *net.UDPConn, from netip.AddrPort, _ []byte) {
			if !first {
				return
			}
			first = false
			for range c.strangers {
				_, _ = stranger.WriteToUDPAddrPort(searchAnswer("http://127.0.0.2/"), from)
			}
			_, _ = conn.WriteToUDPAddrPort(searchAnswer(good.url+"/root.xml"), from)
		})
		u := &upnp{gateway: home, inside: 6346, ask: []netip.AddrPort{at}, wait: hurry}
		if err := u.probe(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, not %v", name, err, c.want)
		}
	}
}

// The router may name several descriptions; only so many are asked for.
func TestLocationsAreCounted(t *testing.T) {
	good := &igdRouter{}
	startIGD(t, good)
	for bad, want := range map[int]error{maxLocations - 1: nil, maxLocations: errElsewhere} {
		at := serveUDP(t, func(conn *net.UDPConn, from netip.AddrPort, _ []byte) {
			for i := range bad {
				_, _ = conn.WriteToUDPAddrPort(searchAnswer(fmt.Sprintf("http://127.0.0.1:1/%d", i)), from)
			}
			_, _ = conn.WriteToUDPAddrPort(searchAnswer(good.url+"/root.xml"), from)
		})
		tried := 0
		err := search(t.Context(), home, []netip.AddrPort{at}, hurry, func(u *url.URL) error {
			if tried++; u.Port() == "1" {
				return errElsewhere
			}
			return nil
		})
		if !errors.Is(err, want) || tried != maxLocations {
			t.Errorf("%d bad: %v after %d", bad, err, tried)
		}
	}
}

func TestSearchAnswerLimit(t *testing.T) {
	b := searchAnswer("http://127.0.0.1/")
	b = append(b, make([]byte, maxSearchAnswer-len(b))...)
	if _, err := parseSearchAnswer(b, home); err != nil {
		t.Error(err)
	}
	if _, err := parseSearchAnswer(append(b, 0), home); !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
}

func TestServicesAreCounted(t *testing.T) {
	one := strings.SplitAfterN(fmt.Sprintf(description, "", "/ctl"), "<serviceList>", 2)
	service, rest, _ := strings.Cut(one[1], "</serviceList>")
	for n, want := range map[int]int{1: 1, maxServices: maxServices, maxServices + 1: maxServices} {
		page := one[0] + strings.Repeat(service, n) + "</serviceList>" + rest
		found, err := parseDevice([]byte(page), &url.URL{Scheme: "http", Host: "127.0.0.1"}, home)
		if err != nil || len(found) != want {
			t.Errorf("%d of %d: %v", len(found), n, err)
		}
	}
}

// All versions of the service that forward ports are known.
func TestServiceTypes(t *testing.T) {
	for _, s := range []string{"WANIPConnection:1", "WANIPConnection:2", "WANPPPConnection:1"} {
		page := strings.ReplaceAll(fmt.Sprintf(description, "", "ctl"), "WANIPConnection:1", s)
		found, err := parseDevice([]byte(page), &url.URL{Scheme: "http", Host: "127.0.0.1"}, home)
		if err != nil || len(found) != 1 {
			t.Error(s, err)
		}
	}
}
