package protocol

import (
	"strconv"
	"strings"
	"time"
)

// Names of the headers with which uploads are queued (section 22). In a request
// X-Queue holds a version, in an answer the place.
const (
	HeaderQueue  = "X-Queue"
	HeaderQueued = "X-Queued"
)

const (
	// maxQueueText bounds what is read of a queue header, and maxQueueNumber
	// each number in it. A guess past that counts as that: gtk-gnutella has told
	// of 16 days beside a place that it gave two minutes later.
	maxQueueText   = 512
	maxQueueNumber = 1_000_000
	queueID        = 32 // hex digits of an ID
)

// QueuePlace is where a download stands in the queue of a server that has no
// free slot. X-Queue and X-Queued each carry a part of it; what is zero is not
// told. Durations are whole seconds.
type QueuePlace struct {
	Position int // 1 is next
	Length   int // of the queue
	Limit    int // X-Queue: uploads at once
	// X-Queue: ask again not before PollMin and not after PollMax.
	PollMin, PollMax time.Duration
	ETA              time.Duration // X-Queued: until there is a slot, guessed
	Lifetime         time.Duration // X-Queued: the place is lost who has not asked by then
	ID               string        // X-Queued: 32 hex digits, to be said when asking again
}

// ParseQueuePlace reads the X-Queue or X-Queued of an answer, or the X-Queued
// of somebody who asks again. Keys count in any case, those that are not known
// do not.
func ParseQueuePlace(s string) (QueuePlace, error) {
	if len(s) > maxQueueText {
		return QueuePlace{}, &Error{TooLarge, "queue place"}
	}
	var q QueuePlace
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ';' }) {
		key, value, _ := strings.Cut(part, "=")
		if err := q.read(strings.ToLower(strings.Trim(key, blanks)), strings.Trim(value, blanks)); err != nil {
			return QueuePlace{}, err
		}
	}
	if q.Position == 0 && q.ID == "" {
		return QueuePlace{}, &Error{Malformed, "queue place"}
	}
	return q, nil
}

// read takes over one key.
func (q *QueuePlace) read(key, value string) (err error) {
	switch key {
	case "position":
		q.Position, err = queueNumber(key, value)
	case "length":
		q.Length, err = queueNumber(key, value)
	case "limit":
		q.Limit, err = queueNumber(key, value)
	case "pollmin":
		q.PollMin, err = queueSeconds(key, value)
	case "pollmax":
		q.PollMax, err = queueSeconds(key, value)
	case "eta":
		q.ETA, err = queueGuess(value)
	case "lifetime":
		q.Lifetime, err = queueSeconds(key, value)
	case "id":
		q.ID = strings.ToLower(value)
		if !isQueueID(q.ID) {
			return &Error{Malformed, "queue id"}
		}
	}
	return err
}

func queueNumber(key, value string) (int, error) {
	n, err := strconv.ParseUint(value, 10, 64)
	switch {
	case err != nil:
		return 0, &Error{Malformed, "queue " + key}
	case n > maxQueueNumber:
		return 0, &Error{TooLarge, "queue " + key}
	}
	return int(n), nil
}

func queueSeconds(key, value string) (time.Duration, error) {
	n, err := queueNumber(key, value)
	return time.Duration(n) * time.Second, err
}

// queueGuess reads seconds that nobody relies on.
func queueGuess(value string) (time.Duration, error) {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return 0, &Error{Malformed, "queue eta"}
	}
	return time.Duration(min(n, maxQueueNumber)) * time.Second, nil
}

// isQueueID reports whether s is 32 lower-case hex digits.
func isQueueID(s string) bool {
	return len(s) == queueID && strings.Trim(s, "0123456789abcdef") == ""
}

// Legacy returns the text of X-Queue.
func (q QueuePlace) Legacy() string {
	return queueText(",", []queueItem{
		{"position", q.Position},
		{"length", q.Length},
		{"limit", q.Limit},
		{"pollMin", int(q.PollMin / time.Second)},
		{"pollMax", int(q.PollMax / time.Second)},
	})
}

// PARQ returns the text of X-Queued. Who asks again says Position and ID.
func (q QueuePlace) PARQ() string {
	s := queueText("; ", []queueItem{
		{"position", q.Position},
		{"length", q.Length},
		{"ETA", int(q.ETA / time.Second)},
		{"lifetime", int(q.Lifetime / time.Second)},
	})
	switch {
	case q.ID == "":
		return s
	case s == "":
		return "ID=" + q.ID
	}
	return s + "; ID=" + q.ID
}

type queueItem struct {
	key   string
	value int
}

// queueText joins the items that are told.
func queueText(separator string, items []queueItem) string {
	var b strings.Builder
	for _, item := range items {
		if item.value <= 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(separator)
		}
		b.WriteString(item.key + "=" + strconv.Itoa(item.value))
	}
	return b.String()
}

// QueueVersion is what a client says in X-Queue, or in X-Features after
// "queue/": which form of queue it understands.
type QueueVersion uint8

// The forms of queue there are.
const (
	QueueNone   QueueVersion = iota // comes again after Retry-After, if at all
	QueueLegacy                     // X-Queue: keeps the connection and polls
	QueuePARQ                       // X-Queued: has an ID for its place
)

// ParseQueueVersion reads a version such as "0.1" or "1.0".
func ParseQueueVersion(s string) QueueVersion {
	major, minor, _ := strings.Cut(strings.Trim(s, blanks), ".")
	n, err := strconv.ParseUint(major, 10, 8)
	switch {
	case err != nil:
		return QueueNone
	case n > 0:
		return QueuePARQ
	}
	if m, err := strconv.ParseUint(minor, 10, 8); err != nil || m == 0 {
		return QueueNone
	}
	return QueueLegacy
}
