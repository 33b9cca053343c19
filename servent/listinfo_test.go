package servent

import (
	"testing"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestListInfo: each link by which a supernode knows what another servent shares tells
// how, be it by a list or by a table of words; the others tell nothing.
func TestListInfo(t *testing.T) {
	held := overlay.ListState{State: "held", Files: 3}
	for _, c := range []struct {
		own, peer Role
		list      overlay.ListState
		want      ListInfo // none: nothing is told
	}{
		{RoleSupernode, RoleLeaf, held, ListInfo{State: "held", Files: 3}},
		{RoleSupernode, RoleLeaf, overlay.ListState{}, ListInfo{State: "table"}},
		{RoleLeaf, RoleSupernode, overlay.ListState{}, ListInfo{State: "table"}},
		{RoleSupernode, RoleSupernode, overlay.ListState{}, ListInfo{State: "table"}},
		{RoleSupernode, RoleFlat, overlay.ListState{}, ListInfo{}},
		{RoleFlat, RoleSupernode, overlay.ListState{}, ListInfo{}},
		{RoleFlat, RoleFlat, overlay.ListState{}, ListInfo{}},
	} {
		got := listInfo(c.own, &overlay.Link{Peer: overlay.Peer{Role: c.peer}, List: c.list})
		if (got == nil) != (c.want == ListInfo{}) || got != nil && *got != c.want {
			t.Errorf("%s to %s, %+v: %+v, want %+v", c.own, c.peer, c.list, got, c.want)
		}
	}
}
