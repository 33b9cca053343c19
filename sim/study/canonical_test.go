package study

import (
	"encoding/json"
	"testing"
)

func TestCanonical(t *testing.T) {
	tests := map[string]string{
		`{"a":0.17325143659354916,"b":[1,-2.5]}`:   `{"a":0.1732514366,"b":[1,-2.5]}`,
		`[0.2923943164131370,0.29239431641313707]`: `[0.2923943164,0.2923943164]`,
		`[12345678901234567890,9007199254740993]`:  `[1.23456789e+19,9007199254740993]`,
		`"1.23456789012345 \" 9.87654321098765"`:   `"1.23456789012345 \" 9.87654321098765"`,
		`[true,false,null,1e-7,-1.5E+300]`:         `[true,false,null,1e-07,-1.5e+300]`,
		`0.1`:                                      `0.1`,
		``:                                         ``,
	}
	for in, want := range tests {
		got := string(canonical(json.RawMessage(in)))
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// FuzzCanonical: what was JSON stays JSON, and to do it twice changes nothing.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"a":[0.1,"1.5\"",-3e9,true]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		once := canonical(b)
		if twice := canonical(once); string(twice) != string(once) {
			t.Errorf("%q, then %q", once, twice)
		}
		if json.Valid(b) != json.Valid(once) && json.Valid(b) {
			t.Errorf("%q is no JSON any more: %q", b, once)
		}
	})
}
