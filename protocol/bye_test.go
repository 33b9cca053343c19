package protocol

import (
	"strings"
	"testing"
)

func TestBye(t *testing.T) {
	const payload = "\xc8\x00Probe done\x00trailing\r\n"
	y, err := ParseBye([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "code", y.Code, ByeShutdown)
	wantEqual(t, "bytes", string(y.Append(nil)), payload)
	wantEqual(t, "reason", y.Reason(), "Probe done")
}

func TestByeReason(t *testing.T) {
	long := strings.Repeat("a", MaxReason)
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"no end", "no end"},
		{"one\r\nServer: x\r\n\r\n", "one"},
		{"one\nServer", "one"},
		{"\x00hidden", ""},
		{"bell\x07 esc\x1b[31m tab\t", "bell? esc?[31m tab?"},
		{"bad \xff\xfe utf", "bad ?? utf"},
		{"turn \u202e round", "turn ? round"},
		{"schön 日本", "schön 日本"},
		{long, long},
		{long + "b", long},
		{long[:MaxReason-1] + "é", long[:MaxReason-1]},
		{long[:MaxReason-2] + "é!", long[:MaxReason-2] + "é"},
	} {
		wantEqual(t, "reason", Bye{Text: []byte(c.text)}.Reason(), c.want)
	}
}
