package protocol

// ErrorKind says in which way bytes from a peer are wrong.
type ErrorKind uint8

// The ways in which bytes can be wrong.
const (
	Truncated  ErrorKind = iota + 1 // ends before it is whole
	TooLarge                        // passes a limit of this package
	Malformed                       // breaks the format
	OutOfOrder                      // well formed, but not allowed at this point
)

// String names the kind in lower case.
func (k ErrorKind) String() string {
	switch k {
	case Truncated:
		return "truncated"
	case TooLarge:
		return "too large"
	case Malformed:
		return "malformed"
	case OutOfOrder:
		return "out of order"
	}
	return "wrong"
}

// Error is the only error this package returns. It means that whoever sent the
// bytes is at fault, never the servent that reads them.
type Error struct {
	Kind  ErrorKind
	Field string // what was being read, such as "query text"
}

// Error says what is wrong with which field: "query text: truncated".
func (e *Error) Error() string { return e.Field + ": " + e.Kind.String() }

// checkSize returns an error when a payload of kind k is longer than a link
// takes, or shorter than its fixed part.
func checkSize(k Kind, b []byte, fixed int) error {
	if len(b) < fixed {
		return &Error{Truncated, k.String()}
	}
	if len(b) > int(MaxSize(k)) {
		return &Error{TooLarge, k.String()}
	}
	return nil
}
