package search

import (
	"fmt"
	"strings"
)

// WireFilter returns what WireText leaves out, for servents of our kind: phrases,
// words left out, type, extensions and size, in the language of ParseQuery. It is
// "" where there is nothing of it.
func (q Query) WireFilter() string {
	var terms []string
	quoted := func(sign string, words []string) { terms = append(terms, sign+`"`+strings.Join(words, " ")+`"`) }
	for _, p := range q.Phrases {
		quoted("", p)
	}
	for _, w := range q.Not {
		terms = append(terms, "-"+w)
	}
	for _, p := range q.NotPhrases {
		quoted("-", p)
	}
	if q.Type != Any {
		terms = append(terms, "type:"+q.Type.String())
	}
	if len(q.Exts) > 0 {
		terms = append(terms, "ext:"+strings.Join(q.Exts, ","))
	}
	if q.MinSize > 0 {
		terms = append(terms, fmt.Sprintf("size:>=%d", q.MinSize))
	}
	if q.MaxSize > 0 {
		terms = append(terms, fmt.Sprintf("size:<=%d", q.MaxSize))
	}
	return strings.Join(terms, " ")
}

// Filtered returns q with what WireFilter wrote. What cannot be read changes
// nothing: the searcher filters the hits as well.
func (q Query) Filtered(filter string) Query {
	terms, err := splitTerms(filter)
	if err != nil || len(filter) > maxQueryText {
		return q
	}
	with := q
	for _, t := range terms {
		if err := with.add(t); err != nil {
			return q
		}
	}
	if max(len(with.Words), len(with.Phrases), len(with.Not), len(with.NotPhrases), len(with.Exts)) > maxWords {
		return q
	}
	return with
}
