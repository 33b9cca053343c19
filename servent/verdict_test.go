package servent

import (
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/supernode"
)

// TestVerdict: every standing has words of its own.
func TestVerdict(t *testing.T) {
	ok, lacks := supernode.Assessment{OK: true}, supernode.Assessment{Factors: []supernode.Factor{{Name: "uptime"}, {Name: "power", OK: true}}}
	for want, e := range map[string]overlay.Election{
		"a leaf because the user wants it":                                                   {Role: RoleLeaf},
		"flat because the user wants it":                                                     {Role: RoleFlat},
		"steps down; its leaves go to others":                                                {Auto: true, Role: RoleSupernode, Leaving: true},
		"a supernode until others have room for its leaves, for want of: uptime":             {Auto: true, Role: RoleSupernode, Alone: true, Become: lacks, Stay: lacks},
		"a supernode because it had found no other, until others have room for its leaves":   {Auto: true, Role: RoleSupernode, Alone: true, Become: lacks, Stay: ok},
		"a supernode because it had found no other":                                          {Auto: true, Role: RoleSupernode, Alone: true, Become: ok, Stay: ok},
		"a supernode that the network needs":                                                 {Auto: true, Role: RoleSupernode, Become: lacks, Stay: ok},
		"a leaf that could serve when it is needed":                                          {Auto: true, Role: RoleLeaf, Become: ok, Offer: ok},
		"a leaf that could serve when it is needed, if its upload is then found fast enough": {Auto: true, Role: RoleLeaf, Become: lacks, Offer: ok},
		"a leaf that could not serve yet, for want of: uptime":                               {Auto: true, Role: RoleLeaf, Become: lacks, Offer: lacks},
	} {
		if got := verdict(e); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	info := electionInfo(overlay.Election{Become: lacks, Stay: lacks})
	if len(info.Stay) != 2 || info.Stay[1].Name != "power" || !strings.Contains(strings.Join(info.Missing, ","), "uptime") {
		t.Errorf("%+v", info)
	}
}
