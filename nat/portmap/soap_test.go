package portmap

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Descriptions and answers to the search that go wrong.
func TestUPnPDescriptions(t *testing.T) {
	page := func(base, control string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, description, base, control) }
	}
	text := func(s string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	head := func(n int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", n))
			fmt.Fprintf(w, description, "", "/ctl")
		}
	}
	whole := fmt.Sprintf(description, "", "/ctl")
	for name, c := range map[string]struct {
		r    igdAnswers
		want error
	}{
		"as it should be":         {igdAnswers{}, nil},
		"as large as it may":      {igdAnswers{describe: text(whole + strings.Repeat(" ", maxBody-len(whole)))}, nil},
		"too large by a byte":     {igdAnswers{describe: text(whole + strings.Repeat(" ", maxBody-len(whole)+1))}, errTooLarge},
		"a large head":            {igdAnswers{describe: head(maxHead / 2)}, nil},
		"too large a head":        {igdAnswers{describe: head(maxHead)}, errGarbled},
		"not XML":                 {igdAnswers{describe: text("welcome to your router")}, errGarbled},
		"cut off":                 {igdAnswers{describe: text(whole[:len(whole)/2])}, errGarbled},
		"forwards nothing":        {igdAnswers{describe: text(strings.ReplaceAll(whole, "WANIPConnection", "Printer"))}, errClosed},
		"control elsewhere":       {igdAnswers{describe: page("", "http://127.0.0.9/ctl")}, errElsewhere},
		"control by name":         {igdAnswers{describe: page("", "http://localhost/ctl")}, errElsewhere},
		"control by HTTPS":        {igdAnswers{describe: page("", "https://127.0.0.1/ctl")}, errElsewhere},
		"base elsewhere":          {igdAnswers{describe: page("<URLBase>http://127.0.0.9/</URLBase>", "/ctl")}, errElsewhere},
		"base that is none":       {igdAnswers{describe: page("<URLBase>http://[/</URLBase>", "/ctl")}, errGarbled},
		"control that is none":    {igdAnswers{describe: page("", "http://[/")}, errGarbled},
		"not found":               {igdAnswers{describe: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }}, errGarbled},
		"sent on":                 {igdAnswers{describe: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }}, errElsewhere},
		"description elsewhere":   {igdAnswers{location: "http://127.0.0.9/root.xml"}, errElsewhere},
		"description on the web":  {igdAnswers{location: "http://example.com/root.xml"}, errElsewhere},
		"nobody at the location":  {igdAnswers{location: "http://127.0.0.1:1/root.xml"}, errClosed},
		"no location":             {igdAnswers{location: " "}, errGarbled},
		"a location that is none": {igdAnswers{location: "http://[/"}, errGarbled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := startIGD(t, &igdRouter{location: c.r.location, describe: c.r.describe})
			if err := u.probe(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("%v, not %v", err, c.want)
			}
		})
	}
}

// igdAnswers is how an igdRouter misbehaves.
type igdAnswers struct {
	location string
	describe func(http.ResponseWriter, *http.Request)
}

func TestServicesAreCounted(t *testing.T) {
	one := strings.SplitAfterN(fmt.Sprintf(description, "", "/ctl"), "<serviceList>", 2)
	service, rest, _ := strings.Cut(one[1], "</serviceList>")
	for n, want := range map[int]int{1: 1, maxServices: maxServices, maxServices + 1: maxServices} {
		page := one[0] + strings.Repeat(service, n) + "</serviceList>" + rest
		found, err := parseDevice([]byte(page), &url.URL{Scheme: "http", Host: "127.0.0.1"}, home)
		if err != nil || len(found) != want {
			t.Errorf("%d of %d: %v", len(found), n, err)
		}
	}
}

// All versions of the service that forward ports are known.
func TestServiceTypes(t *testing.T) {
	for _, s := range []string{"WANIPConnection:1", "WANIPConnection:2", "WANPPPConnection:1"} {
		page := strings.ReplaceAll(fmt.Sprintf(description, "", "ctl"), "WANIPConnection:1", s)
		found, err := parseDevice([]byte(page), &url.URL{Scheme: "http", Host: "127.0.0.1"}, home)
		if err != nil || len(found) != 1 {
			t.Error(s, err)
		}
	}
}
