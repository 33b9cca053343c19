package protocol

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const someQueueID = "045e5b4f954ac24907cfdf827f97ab1e"

func TestParseQueuePlace(t *testing.T) {
	tests := []struct {
		name, text string
		want       QueuePlace
	}{
		{"legacy", "position=2,length=5,limit=4,pollMin=45,pollMax=120", QueuePlace{
			Position: 2, Length: 5, Limit: 4, PollMin: 45 * time.Second, PollMax: 2 * time.Minute,
		}},
		{"parq", "position=3; length=9; ETA=120; lifetime=330; ID=" + someQueueID, QueuePlace{
			Position: 3, Length: 9, ETA: 2 * time.Minute, Lifetime: 330 * time.Second, ID: someQueueID,
		}},
		{"a granted place, as gtk-gnutella tells it", "ID=" + someQueueID, QueuePlace{ID: someQueueID}},
		{"who asks again", "position=3; ID=" + someQueueID, QueuePlace{Position: 3, ID: someQueueID}},
		{"any case, blanks, unknown keys", " POSITION = 1 ;id=" + strings.ToUpper(someQueueID) + "; wind=west;;", QueuePlace{Position: 1, ID: someQueueID}},
		{"more days than anybody waits, as gtk-gnutella guessed", "ID=" + someQueueID + "; position=3; lifetime=120; length=4; ETA=1440934", QueuePlace{
			Position: 3, Length: 4, ETA: maxQueueNumber * time.Second, Lifetime: 2 * time.Minute, ID: someQueueID,
		}},
		{"number at the limit", "position=1000000", QueuePlace{Position: maxQueueNumber}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseQueuePlace(tt.text)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestQueuePlaceText(t *testing.T) {
	legacy := QueuePlace{Position: 2, Length: 5, Limit: 4, PollMin: 45 * time.Second, PollMax: 2 * time.Minute}
	if got := legacy.Legacy(); got != "position=2,length=5,limit=4,pollMin=45,pollMax=120" {
		t.Errorf("legacy: %q", got)
	}
	parq := QueuePlace{Position: 3, Length: 9, ETA: 2 * time.Minute, Lifetime: 330 * time.Second, ID: someQueueID}
	if got := parq.PARQ(); got != "position=3; length=9; ETA=120; lifetime=330; ID="+someQueueID {
		t.Errorf("parq: %q", got)
	}
	if got := (QueuePlace{ID: someQueueID}).PARQ(); got != "ID="+someQueueID {
		t.Errorf("granted: %q", got)
	}
}

func TestQueuePlaceRefused(t *testing.T) {
	tests := []struct {
		name, text string
		kind       ErrorKind
	}{
		{"empty", "", Malformed},
		{"a version", "1.0", Malformed},
		{"position 0", "position=0", Malformed},
		{"negative", "position=-1", Malformed},
		{"no number", "position=1,pollMin=soon", Malformed},
		{"one past the largest number", "position=1000001", TooLarge},
		{"one past the largest time", "position=1,lifetime=1000001", TooLarge},
		{"past 64 bits", "position=1,ETA=99999999999999999999", Malformed},
		{"short id", "ID=045e", Malformed},
		{"id that is not hex", "ID=" + strings.Repeat("g", 32), Malformed},
		{"too long", "position=1" + strings.Repeat(";", maxQueueText), TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseQueuePlace(tt.text)
			var wrong *Error
			if !errors.As(err, &wrong) || wrong.Kind != tt.kind {
				t.Errorf("error %v, want %v", err, tt.kind)
			}
		})
	}
}

func TestParseQueueVersion(t *testing.T) {
	tests := map[string]QueueVersion{
		"0.1": QueueLegacy, "1.0": QueuePARQ, " 1.1 ": QueuePARQ, "2": QueuePARQ,
		"": QueueNone, "0": QueueNone, "0.0": QueueNone, "x": QueueNone, "-1.0": QueueNone, "999.0": QueueNone,
	}
	for text, want := range tests {
		if got := ParseQueueVersion(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func FuzzQueuePlace(f *testing.F) {
	f.Add("position=2,length=5,limit=4,pollMin=45,pollMax=120")
	f.Add("position=3; length=9; ETA=120; lifetime=330; ID=" + someQueueID)
	f.Add("ID=" + someQueueID)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQueuePlace(text)
		if err != nil {
			return
		}
		again, err := ParseQueuePlace(q.PARQ() + "," + q.Legacy())
		if err != nil || again != q {
			t.Errorf("%+v became %+v, %v", q, again, err)
		}
	})
}
