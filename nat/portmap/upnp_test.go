package portmap

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
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
