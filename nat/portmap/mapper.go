package portmap

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/nat"
)

// Timing of a Mapper.
const (
	// Lease is asked for by UPnP, which can be asked whether a mapping is there.
	Lease = time.Hour
	// ControlLease is asked for by NAT-PMP and PCP, which cannot: where the clock of the
	// router goes on, only asking again brings a lost mapping back, and that is due at
	// half of the lease. RFC 6886, 3.3 recommends two hours, RFC 6887, 15 nothing below
	// two minutes.
	ControlLease = 10 * time.Minute
	// minLease is the shortest that is taken: shorter ones would have us ask all the time.
	minLease = time.Minute
	// maxLease is believed of what is granted.
	maxLease = 24 * time.Hour
	// lookEvery is how soon another network is noticed.
	lookEvery = 30 * time.Second
	// checkEvery is how soon a lost mapping is noticed.
	checkEvery = 2 * time.Minute
	// firstRetry is the pause after nothing could be mapped; it doubles up to maxRetry.
	firstRetry = 15 * time.Second
	maxRetry   = 10 * time.Minute
	// denyEvery is the least time between mappings that are made because the last was
	// denied; it doubles with each up to maxRetry.
	denyEvery = time.Minute
	// patience is for one thing asked of a router by one protocol: some answer slowly,
	// and others wait meanwhile.
	patience = 10 * time.Second
	// farewell is how long removing may take at the end.
	farewell = 2 * time.Second
	// atLeast passes between two rounds, whatever happens.
	atLeast = time.Second
)

// Ports of routers.
const (
	controlPort = 5351 // NAT-PMP and PCP
	searchPort  = 1900 // SSDP
)

// Config is what a Mapper needs. The zero value of all but Port is the default.
type Config struct {
	// Port is the servent's, for UDP and TCP.
	Port uint16
	// Log is told what is mapped and lost; nil discards.
	Log logrus.FieldLogger

	// Gateway returns the router to ask; nil asks the system. Tests and those who know
	// better set it.
	Gateway func() (netip.Addr, error)
	// ControlPort and SearchPort are the router's, when not 5351 and 1900.
	ControlPort, SearchPort uint16
	// NoMulticast has SSDP ask the gateway alone.
	NoMulticast bool

	wait    time.Duration                 // for a first answer; tests are in a hurry
	routers func(place) [protocols]router // in place of sockets
}

// router is one way to ask the gateway. Only add and check may be called, and remove,
// once probe has returned nil.
type router interface {
	// probe finds out whether it is there and has an address outside.
	probe(context.Context) error
	// add makes or renews a mapping; the outside port is a wish.
	add(ctx context.Context, t nat.Transport, outside uint16) (mapping, error)
	// check returns errLost when a mapping is gone, else the mapping as it is now.
	check(context.Context, mapping) (mapping, error)
	remove(context.Context, mapping) error
}

// place is where the machine is: its router, and its address towards it.
type place struct{ gateway, own netip.Addr }

// Mapper keeps the servent's port mapped. New makes one, Run does the work, and the
// other methods may be called by anybody at any time.
type Mapper struct {
	cfg     Config
	wake    chan struct{}
	changes chan struct{}

	mu     sync.Mutex
	state  State
	denied [transports]bool

	// The rest is of Run's goroutine.
	looked  bool // whether at was found out at all
	at      place
	routers [protocols]router
	slots   [transports]slot
	pause   time.Duration     // the last one between two tries to map
	retry   time.Time         // not before
	lost    error             // why there is no gateway
	nonces  [transports]nonce // kept from network to network: one may come back
}

// New returns a Mapper that has not begun.
func New(cfg Config) (*Mapper, error) {
	if cfg.Port == 0 {
		return nil, errors.New("portmap: Config.Port is 0")
	}
	if cfg.Log == nil {
		quiet := logrus.New()
		quiet.SetOutput(io.Discard)
		cfg.Log = quiet
	}
	if cfg.Gateway == nil {
		cfg.Gateway = defaultGateway
	}
	if cfg.ControlPort == 0 {
		cfg.ControlPort = controlPort
	}
	if cfg.SearchPort == 0 {
		cfg.SearchPort = searchPort
	}
	if cfg.wait == 0 {
		cfg.wait = firstWait
	}
	m := &Mapper{cfg: cfg, wake: make(chan struct{}, 1), changes: make(chan struct{}, 1)}
	for i := range m.nonces {
		_, _ = rand.Read(m.nonces[i][:]) // never fails
	}
	if cfg.routers == nil {
		m.cfg.routers = m.dial
	}
	return m, nil
}

// State returns what is mapped now.
func (m *Mapper) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Changes gets a value when State has changed since the last one was taken.
func (m *Mapper) Changes() <-chan struct{} { return m.changes }

// Deny tells that others do not get through, whatever the router says. The mapping is
// removed and made anew, by another protocol where one answers; not at once when it
// was made less than a minute ago.
func (m *Mapper) Deny(t nat.Transport) {
	m.mu.Lock()
	defer m.mu.Unlock()
	to := &m.state.UDP
	if t == nat.TCP {
		to = &m.state.TCP
	}
	if !to.Confirmed {
		return
	}
	to.Confirmed, m.denied[t] = false, true
	signal(m.changes)
	signal(m.wake)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is there already
	}
}

// Run keeps the port mapped until ctx ends, and returns when its mappings are
// removed, after farewell at the latest.
func (m *Mapper) Run(ctx context.Context) error {
	defer m.removeAll(ctx)
	for ctx.Err() == nil {
		m.round(ctx)
		select {
		case <-ctx.Done():
		case <-m.wake:
		case <-time.After(m.next()):
		}
	}
	return nil
}

// now is the time on the wall: leases go on while a laptop sleeps.
func now() time.Time { return time.Now().Round(0) }

// removeAll removes what is mapped, and what may be.
func (m *Mapper) removeAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	for p := range protocols { // side by side, but one protocol's one after another
		var mine []mapping
		for t := range transports {
			s := &m.slots[t]
			switch {
			case s.protocol == p && s.mapped():
				mine = append(mine, s.mapping)
			case s.open[p]:
				mine = append(mine, mapping{protocol: p, transport: t, outside: netip.AddrPortFrom(netip.Addr{}, s.wish)})
			}
		}
		wg.Go(func() {
			for _, one := range mine {
				m.remove(ctx, one)
			}
		})
	}
	for t := range transports {
		m.slots[t].clear()
	}
	m.publish()
}

// remove asks a router to forget a mapping, and leaves it at that: it ends by itself.
func (m *Mapper) remove(ctx context.Context, one mapping) {
	err := limited(ctx, func(ctx context.Context) error { return m.routers[one.protocol].remove(ctx, one) })
	if err != nil {
		m.log(one).WithError(err).Info("port mapping not removed")
		return
	}
	m.log(one).Info("port mapping removed")
}

// limited gives f no more than patience, after which the router counts as silent.
func limited(ctx context.Context, f func(context.Context) error) error {
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := f(short)
	if short.Err() != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return errSilent
	}
	return err
}

func (m *Mapper) log(one mapping) logrus.FieldLogger {
	return m.cfg.Log.WithFields(logrus.Fields{"protocol": one.protocol.String(), "transport": one.transport.String(), "addr": one.outside.String()})
}

// publish has State tell what is so now.
func (m *Mapper) publish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := State{Gateway: m.at.gateway, Own: m.at.own, UDP: m.slots[nat.UDP].public(), TCP: m.slots[nat.TCP].public()}
	for t, to := range [...]*Mapping{&s.UDP, &s.TCP} {
		if m.denied[t] {
			to.Confirmed = false // has come meanwhile
		}
	}
	if s != m.state {
		m.state = s
		signal(m.changes)
	}
}

// dial makes the three ways to ask the router of a place.
func (m *Mapper) dial(at place) (r [protocols]router) {
	port := m.cfg.Port
	control := gate{netip.AddrPortFrom(at.gateway, m.cfg.ControlPort), m.cfg.wait}
	search := []netip.AddrPort{netip.AddrPortFrom(at.gateway, m.cfg.SearchPort)}
	if !m.cfg.NoMulticast {
		search = append(search, netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 255, 255, 250}), m.cfg.SearchPort))
	}
	r[UPnP] = &upnp{gateway: at.gateway, inside: port, ask: search, wait: 2 * m.cfg.wait}
	r[NATPMP] = &pmp{gate: control, inside: port, now: now}
	r[PCP] = &pcp{gate: control, inside: port, now: now, nonces: m.nonces}
	return r
}
