package servent

import (
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
