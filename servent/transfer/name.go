package transfer

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxNameBytes leaves room for " (999)" and ".part" within the 255 bytes
	// that file systems take.
	maxNameBytes = 200
	// maxExtBytes is the longest ending that counts as an extension.
	maxExtBytes = 32
	// noName stands for a name of which nothing is left.
	noName = "unnamed"
)

// SafeName turns what a peer calls a file into one harmless path element of at
// most 200 bytes: the part behind the last separator, without characters that
// steer terminals, change the direction of writing or mean something to a
// shell or to Windows, neither hidden nor reserved, its extension kept. It
// changes nothing in a name that it returned before.
func SafeName(name string) string {
	name = strings.TrimRight(name, `/\`)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(safeRune, strings.ToValidUTF8(name, "_"))
	name = trimName(name)
	if strings.HasPrefix(name, "-") {
		name = "_" + name[1:] // would be read as a flag
	}
	if reserved(name) {
		name = "_" + name
	}
	name = trimName(cutName(name))
	if name == "" {
		return noName
	}
	return name
}

// maxDepth is how deep a folder that a peer names may lie.
const maxDepth = 32

// SafePath turns the folder in which a peer says that a file lies into a path of
// harmless elements, with "/" between them, that leads nowhere else; "" for none.
func SafePath(folder string) string {
	var safe []string
	for _, name := range strings.FieldsFunc(folder, func(r rune) bool { return r == '/' || r == '\\' }) {
		if strings.Trim(name, " .") == "" || len(safe) == maxDepth {
			continue
		}
		safe = append(safe, SafeName(name))
	}
	return strings.Join(safe, "/")
}

// safeRune replaces what must not be in a name; -1 drops it.
func safeRune(r rune) rune {
	switch {
	case r == utf8.RuneError, unicode.Is(unicode.Cc, r), strings.ContainsRune(`<>:"|?*`, r):
		return '_'
	case unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
		return -1
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

// trimName takes away leading dots, which hide a file, and trailing dots and
// spaces, which Windows drops.
func trimName(name string) string { return strings.Trim(name, " .") }

// cutName shortens name to maxNameBytes at a character and keeps its extension.
func cutName(name string) string {
	if len(name) <= maxNameBytes {
		return name
	}
	ext := filepath.Ext(name)
	if len(ext) > maxExtBytes {
		ext = ""
	}
	stem := name[:maxNameBytes-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return stem + ext
}

// reserved reports whether Windows takes name for a device, whatever its
// extension.
func reserved(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, stem) {
		return true
	}
	digit, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		digit, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit)
}
