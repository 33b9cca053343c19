package protocol

import "encoding/binary"

// DIMEForm says what the type of a DIME record is.
type DIMEForm uint8

// The forms that are used here.
const (
	DIMEMedia DIMEForm = 1 // a media type, as text/xml
	DIMEURI   DIMEForm = 2 // an absolute URI
)

// MaxDIMERecords is how many records of one message are taken.
const MaxDIMERecords = 16

// Parts of a record's head (section 21).
const (
	dimeHead     = 12
	dimeVersion  = 1 << 3 // in the upper five bits of the first byte
	dimeVersions = 0x1f << 3
	dimeFirst    = 4
	dimeLast     = 2
	dimeChunked  = 1
	dimePad      = 4 // each part is filled up to a multiple of it
)

// DIMERecord is one record of a DIME message: several bodies in one (section
// 21).
type DIMERecord struct {
	Form DIMEForm
	Type string
	ID   string // by which other records name it, if they do
	Data []byte
}

// ParseDIME reads a whole message. Data aliases b. Options are read over;
// records in chunks, of which no servent makes use, are refused.
func ParseDIME(b []byte) ([]DIMERecord, error) {
	var records []DIMERecord
	for last := false; !last; {
		if len(records) == MaxDIMERecords {
			return nil, &Error{TooLarge, "dime records"}
		}
		if len(b) < dimeHead {
			return nil, &Error{Truncated, "dime record"}
		}
		flags := b[0]
		last = flags&dimeLast != 0
		first := flags&dimeFirst != 0
		if flags&dimeVersions != dimeVersion || flags&dimeChunked != 0 || first != (len(records) == 0) {
			return nil, &Error{Malformed, "dime record"}
		}
		r, size, err := parseDIMERecord(b)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
		b = b[size:]
	}
	if len(b) > 0 {
		return nil, &Error{Malformed, "dime records"}
	}
	return records, nil
}

// parseDIMERecord reads the record at the start of b, which has a whole head.
func parseDIMERecord(b []byte) (DIMERecord, int, error) {
	at := dimeHead
	cut := func(size int) []byte {
		padded := size + dimePadding(size)
		if at < 0 || padded > len(b)-at {
			at = -1
			return nil
		}
		part := b[at : at+size : at+size]
		at += padded
		return part
	}
	cut(int(binary.BigEndian.Uint16(b[2:]))) // options
	id := cut(int(binary.BigEndian.Uint16(b[4:])))
	kind := cut(int(binary.BigEndian.Uint16(b[6:])))
	data := cut(int(binary.BigEndian.Uint32(b[8:])))
	if at < 0 {
		return DIMERecord{}, 0, &Error{Truncated, "dime record"}
	}
	return DIMERecord{Form: DIMEForm(b[1] >> 4), Type: string(kind), ID: string(id), Data: data}, at, nil
}

// AppendDIME writes a message of these records, one at least, to the end of b.
// A type and an ID have less than 64 KiB, the data less than 4 GiB.
func AppendDIME(b []byte, records ...DIMERecord) []byte {
	for i, r := range records {
		flags := byte(dimeVersion)
		if i == 0 {
			flags |= dimeFirst
		}
		if i == len(records)-1 {
			flags |= dimeLast
		}
		b = append(b, flags, byte(r.Form)<<4, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(len(r.ID)))
		b = binary.BigEndian.AppendUint16(b, uint16(len(r.Type)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(r.Data)))
		b = appendDIMEPart(b, r.ID)
		b = appendDIMEPart(b, r.Type)
		b = appendDIMEPart(b, r.Data)
	}
	return b
}

func appendDIMEPart[T string | []byte](b []byte, part T) []byte {
	b = append(b, part...)
	var padding [dimePad]byte
	return append(b, padding[:dimePadding(len(part))]...)
}

// dimePadding is how many bytes follow a part of that size.
func dimePadding(size int) int { return (dimePad - size%dimePad) % dimePad }
