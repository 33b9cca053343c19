package main

import (
	"fmt"
	"net/url"
	"strings"
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
	return whyNoSHA1(urns)
}

// whyNoSHA1 says why none of urns is a SHA-1.
func whyNoSHA1(urns []string) string {
	const sha1 = "urn:sha1:"
	why := "it names no SHA-1 (xt=urn:sha1:…), so the file could neither be found nor verified"
	for _, u := range urns {
		switch lower := strings.ToLower(u); {
		case strings.HasPrefix(lower, sha1):
			return fmt.Sprintf("a SHA-1 is 32 letters of base32 (A to Z and 2 to 7); this is %q", u[len(sha1):])
		case strings.HasPrefix(lower, "urn:btih:"), strings.HasPrefix(lower, "urn:btmh:"):
			why = "this is a link for BitTorrent, which is not supported: there is no urn:sha1:… in it"
		}
	}
	return why
}
