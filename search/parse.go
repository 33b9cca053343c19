package search

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxQueryText bounds the text that ParseQuery reads, in bytes.
const maxQueryText = 1024

// ParseQuery reads what a user typed:
//
//	blue danube      both words, in any order
//	"blue danube"    the words one behind the other
//	danu*            a word that begins so
//	-remix           not this word; -"club mix" not this phrase
//	type:audio       audio, video, document, image, archive or program
//	ext:flac         the extension, or one of several: ext:flac,mp3
//	size:>10MB       larger, and likewise <, >= and <=
//
// Case and accents do not matter. At least one word must be wanted, since that
// is all that peers can be asked for. The error says what to write instead.
func ParseQuery(s string) (Query, error) {
	q, err := parseQuery(s)
	if err != nil {
		return Query{}, fmt.Errorf("read query: %w", err)
	}
	return q, nil
}

func parseQuery(s string) (Query, error) {
	var q Query
	if len(s) > maxQueryText {
		return q, fmt.Errorf("%d bytes of text: use fewer words, at most %d bytes", len(s), maxQueryText)
	}
	terms, err := splitTerms(s)
	if err != nil {
		return q, err
	}
	for _, t := range terms {
		if err := q.add(t); err != nil {
			return q, err
		}
	}
	return q, q.check()
}

// term is one element of a query's text.
type term struct {
	text   string
	quoted bool // text stood in quotes, which are gone
	not    bool // a minus stood before it
}

// splitTerms cuts the text at spaces outside of quotes.
func splitTerms(s string) ([]term, error) {
	s = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`).Replace(s)
	var terms []term
	for {
		s = strings.TrimLeftFunc(s, unicode.IsSpace)
		if s == "" {
			return terms, nil
		}
		var t term
		s, t.not = strings.CutPrefix(s, "-")
		if rest, ok := strings.CutPrefix(s, `"`); ok {
			end := strings.IndexByte(rest, '"')
			if end < 0 {
				return nil, fmt.Errorf(`quote without an end: write "%s"`, strings.TrimSpace(rest))
			}
			t.text, t.quoted, s = rest[:end], true, rest[end+1:]
		} else {
			t.text, s = cutWord(s)
		}
		terms = append(terms, t)
	}
}

// cutWord parts s before the first space or quote.
func cutWord(s string) (word, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool { return r == '"' || unicode.IsSpace(r) })
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

// add makes t a part of q.
func (q *Query) add(t term) error {
	if t.quoted {
		q.addWords(t)
		return nil
	}
	key, value, _ := strings.Cut(t.text, ":")
	switch key = strings.ToLower(key); {
	case key == "urn" || key == "magnet":
		return fmt.Errorf("%q names one file: it is for get, a search takes words", t.text)
	case key == t.text || key != "type" && key != "ext" && key != "size":
		if strings.Contains(t.text, "*") {
			return q.addPrefix(t)
		}
		q.addWords(t)
		return nil
	case t.not:
		return fmt.Errorf("-%s: only words can be left out, as in -remix", t.text)
	case key == "type":
		return q.addType(value)
	case key == "ext":
		return q.addExt(value)
	default:
		return q.addSize(value)
	}
}

// addWords takes a quoted or plain term. What holds no letter, such as a dash
// between two words, is no wish.
func (q *Query) addWords(t term) {
	words := Tokens(t.text)
	switch {
	case len(words) == 0:
	case t.not && len(words) == 1:
		q.Not = appendNew(q.Not, words...)
	case t.not:
		q.NotPhrases = append(q.NotPhrases, words)
	case t.quoted && len(words) > 1:
		q.Phrases = append(q.Phrases, words)
	default:
		q.Words = appendNew(q.Words, words...)
	}
}

// addPrefix takes name*.
func (q *Query) addPrefix(t term) error {
	text, _ := strings.CutSuffix(t.text, "*")
	switch words := Tokens(text); {
	case t.not:
		return fmt.Errorf("-%s: only whole words can be left out, as in -remix", t.text)
	case strings.HasPrefix(text, "*.") && len(words) == 1:
		return fmt.Errorf("%q: a star ends a word; for files of a kind write ext:%s", t.text, words[0])
	case strings.Contains(text, "*"):
		return fmt.Errorf("%q: a star stands only at the end of a word, as in name*", t.text)
	case len(words) == 0 || !endsInWord(text):
		return fmt.Errorf("%q: a star stands right behind the letters a word begins with, as in name*", t.text)
	default:
		last := len(words) - 1
		q.Words = appendNew(q.Words, words[:last]...)
		q.Prefixes = appendNew(q.Prefixes, words[last])
		return nil
	}
}

// addType takes the value of type:audio.
func (q *Query) addType(value string) error {
	t, err := ParseMediaType(value)
	if err != nil {
		return err
	}
	if q.Type != Any && t != q.Type {
		return fmt.Errorf("type:%s and type:%s: a file has one type, keep one of them", q.Type, t)
	}
	q.Type = t
	return nil
}

// addExt takes the value of ext:flac.
func (q *Query) addExt(value string) error {
	for ext := range strings.SplitSeq(value, ",") {
		ext = strings.ToLower(strings.TrimPrefix(ext, "."))
		if ext == "" || strings.ContainsAny(ext, `/\*:<>`) {
			return fmt.Errorf("ext:%s: write the end of the file name, as in ext:flac or ext:flac,mp3", value)
		}
		q.Exts = appendNew(q.Exts, ext)
	}
	return nil
}

// addSize takes the value of size:>10MB.
func (q *Query) addSize(value string) error {
	number := strings.TrimLeft(value, "<>=")
	op := value[:len(value)-len(number)]
	size, err := ParseSize(number)
	if err != nil {
		return err
	}
	smallest, largest := uint64(0), uint64(0)
	switch op {
	case ">":
		smallest = size + 1
	case ">=":
		smallest = size
	case "<":
		largest = size - 1
	case "<=":
		largest = size
	default:
		return fmt.Errorf("size:%s: write size:>%s or size:<%s", value, number, number)
	}
	if op[0] == '<' && (size == 0 || largest == 0) || smallest < size && op[0] == '>' {
		return fmt.Errorf("size:%s: no file is of that size", value)
	}
	q.MinSize = max(q.MinSize, smallest)
	if largest > 0 && (q.MaxSize == 0 || largest < q.MaxSize) {
		q.MaxSize = largest
	}
	return nil
}

// check finds what makes the whole query senseless.
func (q *Query) check() error {
	if q.Empty() {
		return errors.New("no word to look for: write one that the file name holds, as in danube -remix")
	}
	if q.MaxSize > 0 && q.MinSize > q.MaxSize {
		return fmt.Errorf("no size is over %d and under %d bytes: swap the signs", q.MinSize-1, q.MaxSize+1)
	}
	for _, w := range q.Not {
		if slices.Contains(q.Words, w) {
			return fmt.Errorf("%q is both wanted and left out: keep one of them", w)
		}
	}
	if len(q.Words) > maxWords || len(q.Phrases) > maxWords || len(q.Not) > maxWords || len(q.NotPhrases) > maxWords {
		return fmt.Errorf("too many words: use at most %d", maxWords)
	}
	if len(q.Words)+len(q.Phrases) == 0 && !slices.ContainsFunc(q.Prefixes, isWirePrefix) {
		return fmt.Errorf("%s*: write at least %d letters before the star, or another word", q.Prefixes[0], minWirePrefix)
	}
	if q.WireText() == "" {
		return fmt.Errorf("no word is short enough to be sent: use words of at most %d bytes", MaxWireText)
	}
	return nil
}
