package protocol

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Codes of a bye (section 6): 2xx nobody's fault, 4xx the receiver's, 5xx the
// sender's.
const (
	ByeShutdown     = 200 // the servent stops
	ByeUserRemoved  = 201 // its user closed the link
	ByeLocalNode    = 202 // it prefers another node
	ByeModeChange   = 203 // it changes its role
	ByeTooLarge     = 400 // a message was too large
	ByeDuplicates   = 401 // too many messages came twice
	ByeHighTTL      = 403 // messages came with too high a TTL
	ByeInactive     = 405 // nothing came for long
	ByeNoReply      = 406 // pings were not answered
	ByeZeroTTL      = 408 // messages came with TTL 0
	ByeSecurity     = 412 // something that security forbids
	ByeBadQRP       = 413 // route table messages out of order
	ByeLeafRelay    = 414 // a leaf passed on messages of others
	ByeInternal     = 500 // internal error
	ByeDesync       = 501 // lost the boundary between messages
	ByeQueueFull    = 502 // the peer does not read fast enough
	ByeRoleSwitched = 504 // the role changed during the handshake
	ByeProtocol     = 505 // protocol not supported
)

// MaxReason is the length in bytes of the longest reason that Bye.Reason returns.
const MaxReason = 256

// byeSize is the fixed part of a bye.
const byeSize = 2

// Bye is the last message on a link: why its sender closes it (section 6).
type Bye struct {
	Code uint16
	Text []byte // all that follows the code: text, NUL, header lines
}

// ParseBye reads a bye payload. Text aliases b.
func ParseBye(b []byte) (Bye, error) {
	if err := checkSize(KindBye, b, byeSize); err != nil {
		return Bye{}, err
	}
	return Bye{Code: binary.LittleEndian.Uint16(b), Text: b[byeSize:]}, nil
}

// Append writes y to the end of b.
func (y Bye) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, y.Code)
	return append(b, y.Text...)
}

// Reason returns the first line of the text, at most MaxReason bytes of it, with
// "?" for what cannot be printed.
func (y Bye) Reason() string {
	line := string(y.Text[:min(len(y.Text), MaxReason+1)])
	if i := strings.IndexAny(line, "\x00\r\n"); i >= 0 {
		line = line[:i]
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, cutText(line, MaxReason))
}
