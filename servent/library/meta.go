package library

import (
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"github.com/seed282dab8e/servent/search"
)

// kindOf returns the type of a file by its name or, where that tells nothing,
// by the beginning of what is in it.
func kindOf(name string, head []byte) search.MediaType {
	kind := search.TypeOf(name)
	if kind != search.Any || len(head) == 0 {
		return kind
	}
	defer func() {
		_ = recover() // strangers may have made the file; then it is of no known type
	}()
	for m := mimetype.Detect(head[:min(len(head), headSize)]); m != nil && kind == search.Any; m = m.Parent() {
		kind = kindOfMIME(m.String(), m.Extension())
	}
	return kind
}

// kindOfMIME returns what a content type stands for, which is mostly what its
// usual extension does.
func kindOfMIME(mime, ext string) search.MediaType {
	byExt := search.TypeOf("x" + ext)
	switch major, minor, _ := strings.Cut(mime, "/"); {
	case major == "audio": // .mp4 may be that, too
		return search.Audio
	case major == "video":
		return search.Video
	case byExt == search.Any && major == "image": // .djvu is a document
		return search.Image
	case minor == "x-elf" || minor == "x-mach-binary": // these have no extension
		return search.Program
	}
	return byExt
}
