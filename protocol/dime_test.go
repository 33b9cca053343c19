package protocol

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func TestDIMERoundTrip(t *testing.T) {
	for size := range 6 { // every padding
		data := bytes.Repeat([]byte{7}, size)
		want := []DIMERecord{
			{Form: DIMEMedia, Type: "text/xml", Data: data},
			{Form: DIMEURI, Type: "http://x/y", ID: "uuid:1", Data: append(data, 1)},
		}
		got, err := ParseDIME(AppendDIME([]byte{}, want...))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("data of %d bytes: %+v, %v", size, got, err)
		}
	}
}

// TestDIMEOptions reads over options, which we never write.
func TestDIMEOptions(t *testing.T) {
	b := []byte{0x0e, 0x10, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 'o', 'p', 't', 0, 'T', 0, 0, 0, 'd', 'd', 0, 0}
	got, err := ParseDIME(b)
	if err != nil || len(got) != 1 || got[0].Type != "T" || string(got[0].Data) != "dd" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDIMERefused(t *testing.T) {
	whole := AppendDIME(nil, DIMERecord{Form: DIMEMedia, Type: "t", Data: []byte("abc")}, DIMERecord{Form: DIMEURI, Type: "u"})
	edit := func(at int, to byte) []byte {
		b := bytes.Clone(whole)
		b[at] = to
		return b
	}
	many := func(n int) []byte { return AppendDIME(nil, make([]DIMERecord, n)...) }
	if _, err := ParseDIME(many(MaxDIMERecords)); err != nil {
		t.Errorf("records at the limit: %v", err)
	}
	tests := []struct {
		name string
		b    []byte
		kind ErrorKind
	}{
		{"empty", nil, Truncated},
		{"half a head", whole[:7], Truncated},
		{"cut in the data", whole[:18], Truncated},
		{"no last record", whole[:20], Truncated},
		{"other version", edit(0, 0x14), Malformed},
		{"chunked", edit(0, 0x0d), Malformed},
		{"no first record", edit(0, 0x08), Malformed},
		{"first in the middle", edit(20, 0x0e), Malformed},
		{"bytes behind the last", append(bytes.Clone(whole), 0), Malformed},
		{"data of 4 GiB", edit(8, 0xff), Truncated},
		{"id of 64 KiB", edit(4, 0xff), Truncated},
		{"one record too many", many(MaxDIMERecords + 1), TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseDIME(tt.b)
			var wrong *Error
			if !errors.As(err, &wrong) || wrong.Kind != tt.kind {
				t.Errorf("error %v, want %v", err, tt.kind)
			}
		})
	}
}

func FuzzDIME(f *testing.F) {
	f.Add(AppendDIME(nil, DIMERecord{Form: DIMEMedia, Type: "t", Data: []byte("abc")}, DIMERecord{Form: DIMEURI, Type: "u", ID: "i"}))
	f.Add(testTree(3000).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := ParseDIME(b)
		if err != nil {
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Fatalf("error %v is not the peer's fault", err)
			}
			return
		}
		again, err := ParseDIME(AppendDIME(nil, records...))
		if err != nil || !reflect.DeepEqual(again, records) {
			t.Errorf("%+v became %+v, %v", records, again, err)
		}
	})
}
