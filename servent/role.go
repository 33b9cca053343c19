package servent

import (
	"errors"
	"net/netip"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/sirupsen/logrus"
)

// roleChanged tells the user that the node has taken another role.
func (l *loop) roleChanged(why string) {
	role := l.node.Role()
	l.s.role.Store(uint32(role))
	l.s.log.WithFields(logrus.Fields{"component": "role", "role": role, "reason": quote(why)}).Info("role changed")
	name := "step_down"
	if role == overlay.RoleSupernode {
		name = "promotion"
	}
	l.s.emit(Event{Event: name, Role: &RoleInfo{Role: role.String(), Why: quote(why)}})
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
