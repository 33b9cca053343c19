package natbox

import (
	"strings"

	"github.com/seed282dab8e/servent/nat"
)

// Home is what most routers are: one outside port for each socket inside, to which only
// those are let in that it has sent to.
func Home() Kind { return Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringPort} }

// Named returns the routers that stand under a name in the laboratory's tables
// (nat/testdata/lab): one, and that of a carrier before it. "+hairpin" behind the name
// has the outer one turn packets round. False: there is no such name.
func Named(name string) (router, carrier Kind, ok bool) {
	name, hairpin := strings.CutSuffix(name, "+hairpin")
	router = Home()
	switch name {
	case "open":
		router = Kind{}
	case "full":
		router.Filtering = nat.FilteringEndpoint
	case "addr":
		router.Filtering = nat.FilteringAddress
	case "port":
	case "presv":
		router.KeepsPort = true
	case "rej":
		router.Rejects = true
	case "sym":
		router.Mapping = nat.MappingPort
	case "fw":
		router.Mapping = nat.MappingNone
	case "cgn":
		carrier = router
	case "udpbl":
		router.Blocked = true
	default:
		return Kind{}, Kind{}, false
	}
	if carrier != (Kind{}) {
		carrier.Hairpin = hairpin
	} else {
		router.Hairpin = hairpin
	}
	return router, carrier, true
}
