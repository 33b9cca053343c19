package protocol

import (
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// Digests as servents publish them, of the file of a captured hit.
const (
	someSHA1  = "S657PHQZLKRSKHOA572RLOQSMADJNTA7"
	someTiger = "CXISQJW2GDROQUCCAP5XMES7YKAFZCA4WS6MHMQ"
)

func TestSHA1(t *testing.T) {
	h, err := ParseSHA1(someSHA1)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "text", h.String(), someSHA1)
	lower, err := ParseSHA1(strings.ToLower(someSHA1))
	if err != nil || lower != h {
		t.Errorf("lower case is %v, %v", lower, err)
	}
	for _, s := range []string{
		"", someSHA1[:31], someSHA1 + "A", someSHA1[:31] + "1", someSHA1[:31] + "=",
		someSHA1[:31] + "\n", someSHA1[:30] + "ı", strings.Repeat("\r\n", 16),
	} {
		h, err := ParseSHA1(s)
		wantFault(t, err, Malformed)
		wantEqual(t, "digest", h, SHA1{})
	}
}

func TestURN(t *testing.T) {
	h, err := ParseSHA1(someSHA1)
	if err != nil {
		t.Fatal(err)
	}
	root, err := tiger.Parse(someTiger)
	if err != nil {
		t.Fatal(err)
	}
	both := URN{SHA1: h, HasSHA1: true, Tiger: root, HasTiger: true}
	sha1, tree := URN{SHA1: h, HasSHA1: true}, URN{Tiger: root, HasTiger: true}
	for _, c := range []struct {
		text string
		want URN
		out  string
	}{
		{"urn:sha1:" + someSHA1, sha1, "urn:sha1:" + someSHA1},
		{"urn:bitprint:" + someSHA1 + "." + someTiger, both, "urn:bitprint:" + someSHA1 + "." + someTiger},
		{"urn:tree:tiger/:" + someTiger, tree, "urn:tree:tiger/:" + someTiger},
		{"urn:tree:tiger:" + someTiger, tree, "urn:tree:tiger/:" + someTiger},
		{"urn:ttroot:" + someTiger, tree, "urn:tree:tiger/:" + someTiger},
	} {
		for _, s := range []string{c.text, strings.ToLower(c.text), strings.ToUpper(c.text)} {
			u, err := ParseURN(s)
			if err != nil || u != c.want {
				t.Errorf("%s is %+v, %v", s, u, err)
			}
			wantEqual(t, "text", u.String(), c.out)
		}
		want := ""
		if c.want.HasSHA1 {
			want = "urn:sha1:" + someSHA1
		}
		wantEqual(t, "sha1 text", c.want.SHA1URN(), want)
	}
	wantEqual(t, "text of nothing", URN{}.String(), "")
	wantEqual(t, "merged", sha1.merge(tree), both)
	wantEqual(t, "merged", both.merge(URN{SHA1: SHA1{1}, HasSHA1: true}), both)
}

func TestURNWrong(t *testing.T) {
	for _, s := range []string{
		"", "urn", "urn:", "urn:sha1", "urn:sha1:", "urn:sha1:" + someSHA1[1:], "urn:sha1:" + someSHA1 + " ",
		" urn:sha1:" + someSHA1, "sha1:" + someSHA1, "urn:md5:" + someSHA1, "urn:bitprint:" + someSHA1,
		"urn:bitprint:" + someSHA1 + ".", "urn:bitprint:." + someTiger, "urn:bitprint:" + someTiger + "." + someSHA1,
		"urn:tree:tiger/:" + someTiger[1:], "urn:tree:tiger/:" + someTiger[:38] + "!", "urn:tree:tiger/1024:" + someTiger,
		"urn:" + strings.Repeat("x", maxURN-4),
	} {
		u, err := ParseURN(s)
		wantFault(t, err, Malformed)
		wantEqual(t, "urn of "+s, u, URN{})
	}
	_, err := ParseURN("urn:" + strings.Repeat("x", maxURN-3))
	wantFault(t, err, TooLarge)
}
