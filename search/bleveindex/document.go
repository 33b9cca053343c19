package bleveindex

import (
	"encoding/binary"
	"fmt"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/seed282dab8e/servent/search"
)

const (
	// wordField is the only field that is searched.
	wordField = "w"
	// ballast is the key of a document without words that is nobody's: see
	// compact. It is longer than any other.
	ballast = "ballast.."
)

// bleveDocument makes bleve's document of ours: its words, neither stored nor with
// their places, how often they stand there, or columns of values. Each of these
// would cost time and room, and Find asks the owner instead.
func bleveDocument(d search.Doc) *document.Document {
	doc := document.NewDocument(key(d.ID))
	doc.AddField(document.NewTextFieldCustom(wordField, nil, []byte(d.Text), index.IndexField|index.SkipFreqNorm, words{}))
	return doc
}

// words is the analyzer: the words are those of search.Tokens, which all
// matching is built on.
type words struct{}

func (words) Analyze(text []byte) analysis.TokenStream {
	tokens := search.Tokens(string(text))
	stream := make(analysis.TokenStream, len(tokens))
	all := make([]analysis.Token, len(tokens))
	for i, t := range tokens {
		all[i] = analysis.Token{Term: []byte(t), Position: i + 1}
		stream[i] = &all[i]
	}
	return stream
}

// key is the id of a document in the files: its bytes, high ones first, without
// zeros before them.
func key(id search.DocID) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(id))
	n := 0
	for n < len(b)-1 && b[n] == 0 {
		n++
	}
	return string(b[n:])
}

// idOf reads a key.
func idOf[T string | []byte](key T) (search.DocID, error) {
	if len(key) == 0 || len(key) > 8 {
		return 0, fmt.Errorf("%w: a document id of %d bytes", ErrDamaged, len(key))
	}
	var id search.DocID
	for i := range len(key) {
		id = id<<8 | search.DocID(key[i])
	}
	return id, nil
}
