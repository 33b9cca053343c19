package servent

import (
	"testing"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestListInfo: each link by which a supernode knows what another servent shares tells
// how, be it by a list or by a table of words that has come; the others tell nothing.
func TestListInfo(t *testing.T) {
	held := overlay.Link{List: overlay.ListState{State: "held", Files: 3}}
	came, went := overlay.Link{TableIn: true}, overlay.Link{TableTo: true}
	for _, c := range []struct {
		own, peer Role
		link      overlay.Link
		want      ListInfo // none: nothing is told
	}{
		{RoleSupernode, RoleLeaf, held, ListInfo{State: "held", Files: 3}},
		{RoleSupernode, RoleLeaf, came, ListInfo{State: "table"}},
		{RoleSupernode, RoleLeaf, overlay.Link{}, ListInfo{}},
		{RoleLeaf, RoleSupernode, went, ListInfo{State: "table"}},
		{RoleLeaf, RoleSupernode, came, ListInfo{}},
		{RoleSupernode, RoleSupernode, came, ListInfo{State: "table"}},
		{RoleSupernode, RoleSupernode, went, ListInfo{}},
		{RoleSupernode, RoleFlat, came, ListInfo{}},
		{RoleFlat, RoleSupernode, went, ListInfo{}},
		{RoleFlat, RoleFlat, overlay.Link{}, ListInfo{}},
	} {
		c.link.Peer.Role = c.peer
		got := listInfo(c.own, &c.link)
		if (got == nil) != (c.want == ListInfo{}) || got != nil && *got != c.want {
			t.Errorf("%s to %s, %+v: %+v, want %+v", c.own, c.peer, c.link, got, c.want)
		}
	}
}
