package protocol

import "encoding/base64"

// HeaderMeet is ours: it brings a Meet to a push proxy that is asked over HTTP. Its value
// is the data of the extension in base64 (URL alphabet, no padding).
const HeaderMeet = "X-Servent-Meet"

// maxMeetData bounds the data of a Meet with what later versions add.
const maxMeetData = 2 * maxMeetingLen

// Header returns the value of HeaderMeet.
func (m *Meet) Header() string { return base64.RawURLEncoding.EncodeToString(m.Item().Raw) }

// ParseMeetHeader reads the value of HeaderMeet as a push proxy has to pass it on: what
// a later version adds is kept.
func ParseMeetHeader(s string) (GGEP, error) {
	if len(s) > base64.RawURLEncoding.EncodedLen(maxMeetData) {
		return GGEP{}, &Error{TooLarge, "meet header"}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return GGEP{}, &Error{Malformed, "meet header"}
	}
	if _, err := parseMeet(b); err != nil {
		return GGEP{}, err
	}
	return NewGGEP(GGEPMeet, b), nil
}
