package protocol

import "bytes"

// maxCOBSRun is the most bytes without NUL that one COBS code covers.
const maxCOBSRun = 254

// encodeCOBS returns data in a form without NUL: each run up to a NUL is preceded
// by its length plus one (consistent overhead byte stuffing).
func encodeCOBS(data []byte) []byte {
	b := make([]byte, 0, len(data)+len(data)/maxCOBSRun+1)
	for {
		run := data[:min(len(data), maxCOBSRun)]
		end := bytes.IndexByte(run, 0)
		if end >= 0 {
			run = run[:end]
		}
		b = append(b, byte(len(run)+1))
		b = append(b, run...)
		data = data[len(run):]
		switch {
		case end >= 0:
			data = data[1:] // the NUL, which the code stands for
		case len(data) == 0:
			return b
		}
	}
}

// decodeCOBS returns what encodeCOBS made data from.
func decodeCOBS(data []byte) ([]byte, bool) {
	b := make([]byte, 0, len(data))
	for len(data) > 0 {
		n := int(data[0])
		if n == 0 || n > len(data) || bytes.IndexByte(data[1:n], 0) >= 0 {
			return nil, false
		}
		b = append(b, data[1:n]...)
		data = data[n:]
		if n <= maxCOBSRun && len(data) > 0 {
			b = append(b, 0)
		}
	}
	return b, true
}
