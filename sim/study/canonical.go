package study

import (
	"encoding/json"
	"strconv"
)

// digits is how many significant digits results keep. Processors differ in how
// they round the last of the 17 that a float has.
const digits = 10

// canonical rounds the fractions in a JSON text. Whole numbers stay as they are.
func canonical(raw json.RawMessage) json.RawMessage {
	out := make(json.RawMessage, 0, len(raw))
	for i := 0; i < len(raw); {
		n := token(raw[i:])
		out = appendRounded(out, raw[i:i+n])
		i += n
	}
	return out
}

// token returns how long the string or number is that b begins with; 1 for all
// else.
func token(b []byte) int {
	switch {
	case b[0] == '"':
		for i := 1; i < len(b); i++ {
			switch b[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(b)
	case numeric(b[0]):
		n := 1
		for n < len(b) && numeric(b[n]) {
			n++
		}
		return n
	}
	return 1
}

func numeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// appendRounded appends a token, rounded if it is a fraction.
func appendRounded(out, token []byte) []byte {
	if c := token[0]; c != '-' && (c < '0' || c > '9') {
		return append(out, token...) // a string, or the e of true
	}
	if _, err := strconv.ParseInt(string(token), 10, 64); err == nil {
		return append(out, token...)
	}
	f, err := strconv.ParseFloat(string(token), 64)
	if err != nil {
		return append(out, token...)
	}
	return strconv.AppendFloat(out, f, 'g', digits, 64)
}
