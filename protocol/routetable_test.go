package protocol

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// slotsOf lists the slots that are set.
func slotsOf(t *RouteTable) []uint32 {
	var out []uint32
	for i := range uint32(t.size()) {
		if t.Has(i << t.shift) {
			out = append(out, i)
		}
	}
	return out
}

func TestAddSetsWordAndItsBeginnings(t *testing.T) {
	for word, forms := range map[string]string{
		"":           "",
		"ab":         "ab",
		"abc":        "abc",
		"abcd":       "abcd abc",
		"submarine":  "submarine submarin submari submar subma subm",
		"submarines": "submarines submarine submarin submari submar subma",
		"größe":      "größe größ grö",
	} {
		table := NewRouteTable(MaxTableBits)
		table.Add(word)
		var want []uint32
		for _, form := range strings.Fields(forms) {
			want = append(want, Hash(form, MaxTableBits))
		}
		slices.Sort(want)
		if got := slotsOf(table); !slices.Equal(got, want) {
			t.Errorf("Add(%q) sets %v, want %v", word, got, want)
		}
	}
}

func TestAddURN(t *testing.T) {
	const text = "urn:sha1:S657PHQZLKRSKHOA572RLOQSMADJNTA7"
	u, err := ParseURN(text)
	if err != nil {
		t.Fatal(err)
	}
	table := NewRouteTable(16)
	table.AddURN(URN{Tiger: u.Tiger, HasTiger: true}) // has no text that peers ask for
	if got := slotsOf(table); got != nil {
		t.Errorf("a URN without SHA-1 sets %v", got)
	}
	table.AddURN(u)
	if got, want := slotsOf(table), []uint32{Hash(strings.ToLower(text), 16)}; !slices.Equal(got, want) {
		t.Errorf("AddURN sets %v, want %v", got, want)
	}
}

func TestNewRouteTableBringsSizeInside(t *testing.T) {
	for asked, want := range map[uint]uint{0: 10, 9: 10, 10: 10, 16: 16, 21: 21, 22: 21, 99: 21} {
		if got := NewRouteTable(asked).Bits(); got != want {
			t.Errorf("NewRouteTable(%d) has %d bits, want %d", asked, got, want)
		}
	}
}

func TestFillAndEqual(t *testing.T) {
	a, b := NewRouteTable(10), NewRouteTable(10)
	if a.Fill() != 0 || !a.Equal(b) || a.Equal(NewRouteTable(11)) {
		t.Error("empty tables")
	}
	for i := range uint32(256) {
		a.set(i * 3 << a.shift)
	}
	if got := a.Fill(); got != 0.25 || a.Equal(b) {
		t.Errorf("256 of 1024 slots: fill %v", got)
	}
	b.Or(a)
	if !a.Equal(b) {
		t.Error("the union with an empty table differs")
	}
}

// drawTable makes a table of any size that a peer may send.
func drawTable(t *rapid.T, bits uint) *RouteTable {
	table := newRouteTable(bits)
	for _, h := range rapid.SliceOfN(rapid.Uint32(), 0, 80).Draw(t, "hashes") {
		table.set(h)
	}
	return table
}

func TestOrScales(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.UintRange(0, 13)
		a := drawTable(t, size.Draw(t, "bits of a"))
		b := drawTable(t, size.Draw(t, "bits of b"))
		union := a.clone()
		union.Or(b)
		fine := max(a.Bits(), b.Bits())
		for i := range uint32(1 << fine) {
			hash := uint32(uint64(i) << (hashBits - fine))
			inB := b.Has(hash)
			for j := uint32(0); b.Bits() > a.Bits() && j < 1<<(b.Bits()-a.Bits()); j++ {
				inB = inB || b.Has(hash>>a.shift<<a.shift|j<<b.shift) // any slot of b within that of a
			}
			if got, want := union.Has(hash), a.Has(hash) || inB; got != want {
				t.Fatalf("hash %#x: %v, want %v", hash, got, want)
			}
		}
	})
}

func TestRouteTableAllocatesNothing(t *testing.T) {
	a, b := NewRouteTable(16), NewRouteTable(14)
	if n := testing.AllocsPerRun(100, func() {
		a.Add("submarine")
		b.Or(a)
		a.Or(b)
		_ = a.Has(WordHash("marmalade"))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
