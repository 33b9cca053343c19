package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
)

// whyUnwanted says what is wrong with a magnet link or URN that names no file
// which could be found and verified.
func whyUnwanted(arg string) string {
	lower := strings.ToLower(arg)
	switch {
	case strings.HasPrefix(lower, "urn:"):
		return whyNoSHA1([]string{arg})
	case !strings.HasPrefix(lower, "magnet:"):
		return "write a magnet link, urn:sha1:…, the number of a row of the last search, or a file that ends in .meta4"
	}
	_, query, _ := strings.Cut(arg, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return "this is no proper link: it holds a character that has to be written as %XX"
	}
	var urns []string
	for key, values := range params {
		if name, _, _ := strings.Cut(strings.ToLower(key), "."); name == "xt" {
			urns = append(urns, values...)
		}
	}
	if len(urns) == 0 {
		return "the link holds no xt=urn:sha1:…, so it names no file"
	}
	for _, size := range params["xl"] {
		if _, err := strconv.ParseUint(size, 10, 63); err != nil {
			return fmt.Sprintf("xl tells the size in bytes; this is %q", size)
		}
	}
	return whyNoSHA1(urns)
}

// whyNoSHA1 says what is wrong with one of urns, or why none of them is a SHA-1.
func whyNoSHA1(urns []string) string {
	why := "it names no SHA-1 (xt=urn:sha1:…), so the file could neither be found nor verified"
	for _, u := range urns {
		_, err := protocol.ParseURN(u)
		switch scheme, rest := cutScheme(u); {
		case scheme == "urn:btih:", scheme == "urn:btmh:":
			why = "this is a link for BitTorrent, which is not supported: there is no urn:sha1:… in it"
		case err == nil: // it is not that one
		case scheme == "urn:sha1:":
			return fmt.Sprintf("a SHA-1 is 32 letters of base32 (A to Z and 2 to 7); this is %q", rest)
		case scheme == "urn:bitprint:":
			return fmt.Sprintf("a bitprint is a SHA-1 of 32 letters of base32 (A to Z and 2 to 7), a dot, and a tiger root of 39; this is %q", rest)
		case scheme != "":
			return fmt.Sprintf("a tiger root is 39 letters of base32 (A to Z and 2 to 7); this is %q", rest)
		}
	}
	return why
}

// cutScheme cuts one of the schemes that users see off a URN, in lower case; "" where it
// has none of them.
func cutScheme(urn string) (scheme, rest string) {
	for _, scheme := range []string{"urn:sha1:", "urn:bitprint:", "urn:tree:tiger/:", "urn:tree:tiger:", "urn:ttroot:", "urn:btih:", "urn:btmh:"} {
		if strings.HasPrefix(strings.ToLower(urn), scheme) {
			return scheme, urn[len(scheme):]
		}
	}
	return "", urn
}
