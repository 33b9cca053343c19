package report

import (
	"bytes"
	"encoding/csv"
	"strconv"
)

// csv writes the table as RFC 4180 has it, but with the line ends of Unix. A
// cell with nothing to say is empty.
func (t Table) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = c.Name
	}
	if err := w.Write(record); err != nil {
		return nil, err
	}
	for _, row := range t.Rows {
		for i, cell := range row {
			record[i] = field(cell)
		}
		if err := w.Write(record); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func field(cell any) string {
	switch c := cell.(type) {
	case string:
		return c
	case bool:
		return strconv.FormatBool(c)
	case int:
		return strconv.Itoa(c)
	case int64:
		return strconv.FormatInt(c, 10)
	case uint64:
		return strconv.FormatUint(c, 10)
	case float64:
		return sixDigits(c)
	default:
		return ""
	}
}
