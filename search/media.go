package search

import (
	"fmt"
	"path"
	"strings"
)

// MediaType is the sort of content that a file name promises.
type MediaType uint8

// The media types. Any is a file of no known type, and in a query no wish.
const (
	Any MediaType = iota
	Audio
	Video
	Document
	Image
	Archive
	Program
)

// mediaTypes is the list of names for users.
const mediaTypes = "audio, video, document, image, archive, program"

// String returns the name that ParseMediaType reads.
func (t MediaType) String() string {
	switch t {
	case Audio:
		return "audio"
	case Video:
		return "video"
	case Document:
		return "document"
	case Image:
		return "image"
	case Archive:
		return "archive"
	case Program:
		return "program"
	}
	return "any"
}

// ParseMediaType reads the name of a media type, in any case. The error lists
// the names there are.
func ParseMediaType(s string) (MediaType, error) {
	for t := Any; t <= Program; t++ {
		if strings.EqualFold(s, t.String()) {
			return t, nil
		}
	}
	return Any, fmt.Errorf("unknown type %q: use one of %s", s, mediaTypes)
}

// TypeOf returns the type that the extension of a file name or slash-separated
// path stands for, and Any where it stands for none.
func TypeOf(name string) MediaType {
	ext := path.Ext(name)
	if len(ext) < 2 || len(ext) > len(".AppImage") {
		return Any
	}
	switch strings.ToLower(ext[1:]) {
	case "mp3", "flac", "ogg", "oga", "opus", "m4a", "m4b", "aac", "wav", "wma", "aif", "aiff", "ape", "mpc", "wv",
		"mid", "midi", "mod", "xm", "it", "s3m", "amr", "ra", "au", "ac3", "dts", "mka", "tta", "m3u", "m3u8", "pls":
		return Audio
	case "mp4", "mkv", "avi", "mov", "mpg", "mpeg", "m4v", "webm", "wmv", "flv", "ogv", "ogm", "3gp", "ts", "m2ts",
		"vob", "divx", "rm", "rmvb", "asf", "srt", "sub":
		return Video
	case "pdf", "epub", "mobi", "azw3", "djvu", "ps", "txt", "md", "rst", "rtf", "doc", "docx", "odt", "xls", "xlsx",
		"ods", "ppt", "pptx", "odp", "csv", "tsv", "html", "htm", "xml", "json", "tex", "chm", "cbr", "cbz",
		"go", "c", "h", "cc", "cpp", "hpp", "rs", "py", "java", "js", "css", "s", "sql", "yaml", "yml", "toml", "log":
		return Document
	case "jpg", "jpeg", "png", "gif", "bmp", "webp", "svg", "tif", "tiff", "ico", "heic", "avif", "jxl", "psd", "xcf",
		"raw", "cr2", "nef", "dng":
		return Image
	case "zip", "rar", "7z", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "lz", "lz4", "lzma", "cab", "arj",
		"lzh", "cpio", "iso", "img", "dmg", "squashfs":
		return Archive
	case "exe", "msi", "apk", "deb", "rpm", "appimage", "flatpak", "snap", "jar", "bin", "run", "sh", "bat", "cmd",
		"ps1", "com", "dll", "so", "wasm", "pkg", "xpi":
		return Program
	}
	return Any
}

// hasExt says whether the path ends in one of exts, which are in lower case
// and without the dot.
func hasExt(text string, exts []string) bool {
	name := strings.ToLower(path.Base(text))
	for _, ext := range exts {
		if strings.HasSuffix(name, "."+ext) {
			return true
		}
	}
	return false
}
