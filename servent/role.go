package servent

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/supernode"
	"github.com/sirupsen/logrus"
)

// roleChanged tells the user that the node has taken another role.
func (l *loop) roleChanged(why string) {
	role := l.node.Role()
	l.s.playing(role)
	l.s.log.WithFields(logrus.Fields{"component": "role", "role": role, "reason": quote(why)}).Info("role changed")
	name := "step_down"
	if role == overlay.RoleSupernode {
		name = "promotion"
	}
	l.s.emit(Event{Event: name, Role: &RoleInfo{Role: role.String(), Why: why}})
}

// playing notes the role. Who is no leaf answers STUN requests: others can connect to
// it, and many know it.
func (s *Servent) playing(role overlay.Role) {
	s.role.Store(uint32(role))
	s.udp.Serve(role != overlay.RoleLeaf)
}

// Role returns the part that the servent plays at present.
func (s *Servent) Role() Role { return Role(s.role.Load()) }

// call connects to where a peer says that it listens, and tells it who asks.
func (l *loop) call(a netip.AddrPort, nonce protocol.GUID) {
	l.knockAt(a, overlay.CallText(l.s.GUID(), nonce))
}

// called hands over what such a connection says.
func (s *Servent) called(c *peeked) error {
	line, err := c.readLine(overlay.MaxCall)
	if err != nil {
		return err
	}
	servent, nonce, ok := overlay.ParseCall(string(line))
	if !ok {
		return errBadCall
	}
	s.call(func(l *loop) {
		l.step(overlay.Called{From: addrPort(c.RemoteAddr()), Servent: servent, Nonce: nonce})
	})
	return nil
}

var errBadCall = errors.New("call of nobody")

// electionInfo puts the node's standing into words.
func electionInfo(e overlay.Election) ElectionInfo {
	info := ElectionInfo{
		Auto: e.Auto, Verdict: verdict(e), Score: e.Become.Score, Missing: append([]string{}, e.Become.Missing()...),
		InRole: int64(e.InRole / time.Second), Changes: e.Changes, Leaves: e.Places.Taken, MaxLeaves: e.Places.Total,
		Neighbours: len(e.Near), Passed: e.Passed, Failed: e.Failed, Unfit: e.Unfit,
	}
	if e.Role == RoleSupernode {
		info.Load = supernode.Duty{Own: e.Places, Near: e.Near}.Load()
	}
	for i, f := range e.Become.Factors {
		info.Factors = append(info.Factors, FactorInfo(f))
		info.Stay = append(info.Stay, FactorInfo(e.Stay.Factors[i]))
	}
	return info
}

// verdict says in a sentence how the servent stands.
func verdict(e overlay.Election) string {
	switch {
	case !e.Auto && e.Role == RoleFlat:
		return "flat because the user wants it"
	case !e.Auto:
		return "a " + e.Role.String() + " because the user wants it"
	case e.Leaving:
		return "steps down; its leaves go to others"
	case e.Role == RoleSupernode && !e.Stay.OK:
		return "a supernode until others have room for its leaves, for want of: " + strings.Join(e.Stay.Missing(), ", ")
	case e.Role == RoleSupernode && e.Alone && !e.Become.OK:
		return "a supernode because it had found no other, until others have room for its leaves"
	case e.Role == RoleSupernode && e.Alone:
		return "a supernode because it had found no other"
	case e.Role == RoleSupernode:
		return "a supernode that the network needs"
	case e.Become.OK:
		return "a leaf that could serve when it is needed"
	case e.Offer.OK:
		return "a leaf that could serve when it is needed, if its upload is then found fast enough"
	}
	return "a leaf that could not serve yet, for want of: " + strings.Join(e.Offer.Missing(), ", ")
}
