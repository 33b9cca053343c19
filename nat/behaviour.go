package nat

// Mapping says on what the outside address of a socket depends (RFC 4787, 4.1).
type Mapping int

// The kinds of mapping.
const (
	MappingUnknown  Mapping = iota // fewer than two servers have been heard
	MappingNone                    // no translation: outside and inside are the same
	MappingEndpoint                // endpoint-independent: the same towards all
	MappingAddress                 // address-dependent: another one towards each host
	MappingPort                    // address-and-port-dependent: another one towards each port, "symmetric"
)

// String returns the name that is shown, and stands in JSON.
func (m Mapping) String() string {
	return [...]string{"unknown", "none", "endpoint-independent", "address-dependent", "address-and-port-dependent"}[m]
}

// Stable says whether others can be told the outside address: it is the same
// towards all of them.
func (m Mapping) Stable() bool { return m == MappingNone || m == MappingEndpoint }

// Filtering says from whom what is not asked for is let in (RFC 4787, 5).
type Filtering int

// The kinds of filtering.
const (
	FilteringUnknown  Filtering = iota // not tested, or with no answer that tells
	FilteringEndpoint                  // endpoint-independent: from everybody, once something was sent
	FilteringAddress                   // address-dependent: from hosts that something was sent to
	FilteringPort                      // address-and-port-dependent: from ports that something was sent to
)

// String returns the name that is shown, and stands in JSON.
func (f Filtering) String() string {
	return [...]string{"unknown", "endpoint-independent", "address-dependent", "address-and-port-dependent"}[f]
}

// Answer is yes, no, or not known yet.
type Answer int

// The answers.
const (
	Unknown Answer = iota
	No
	Yes
)

// String returns "unknown", "no" or "yes".
func (a Answer) String() string { return [...]string{"unknown", "no", "yes"}[a] }

// answer turns what was seen into an Answer.
func answer(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

// Possible says whether two sockets whose routers behave like this can punch holes
// towards each other, both told the other's outside address, neither behind the
// other's router. Where a behaviour is unknown it hopes for the best.
//
// One that looks different to everybody cannot be sent to before it has sent, so
// the other must let in who comes from an unexpected port, and be where it said.
func Possible(a, b Behaviour) bool {
	if a.Blocked == Yes || b.Blocked == Yes {
		return false
	}
	meets := func(moving, still Behaviour) bool {
		return moving.Mapping.Stable() || moving.Mapping == MappingUnknown ||
			still.Filtering != FilteringPort && (still.Mapping.Stable() || still.Mapping == MappingUnknown)
	}
	return meets(a, b) && meets(b, a)
}
