package tiger

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseIsInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Digest(rapid.SliceOfN(rapid.Byte(), Size, Size).Draw(t, "digest"))
		for _, s := range []string{d.String(), strings.ToLower(d.String())} {
			if got, err := Parse(s); err != nil || got != d {
				t.Fatalf("Parse(%s) = %v, %v", s, got, err)
			}
		}
	})
}

func TestParseRefuses(t *testing.T) {
	good := "LWPNACQDBZRYXW3VHJVCJ64QBZNGHOHHHZWCLNQ"
	for name, s := range map[string]string{
		"empty":           "",
		"one short":       good[1:],
		"one long":        good + "A",
		"padded":          good + "=",
		"line feed":       good[:38] + "\n",
		"digit outside":   "1" + good[1:],
		"not ASCII":       good[:37] + "ı",
		"bits at its end": good[:38] + "R",
	} {
		if d, err := Parse(s); !errors.Is(err, ErrSyntax) || d != (Digest{}) {
			t.Errorf("%s: Parse(%q) = %v, %v", name, s, d, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("LWPNACQDBZRYXW3VHJVCJ64QBZNGHOHHHZWCLNQ")
	f.Add(strings.Repeat("=", textSize))
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse(s)
		if err == nil && !strings.EqualFold(d.String(), s) {
			t.Errorf("Parse(%q) = %s", s, d)
		}
	})
}
