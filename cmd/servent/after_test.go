package main

import "testing"

// TestSharesWhatWasDownloaded: by default where the servent lasts; the command line
// beats the settings.
func TestSharesWhatWasDownloaded(t *testing.T) {
	for _, tt := range []struct {
		f            afterFlags
		given        string
		brief, lasts bool
	}{
		{afterFlags{}, "", false, true},
		{afterFlags{share: true}, "", true, true},
		{afterFlags{noShare: true}, "", false, false},
		{afterFlags{noShare: true, share: true}, "", false, false},
		{afterFlags{noShare: true, share: true}, "share", true, true},
		{afterFlags{noShare: true, share: true}, "no-share", false, false},
	} {
		a := newApp(&buffer{}, &buffer{}, home{}.lookEnv)
		a.given[tt.given] = true
		if tt.f.shares(a, false) != tt.brief || tt.f.shares(a, true) != tt.lasts {
			t.Errorf("%+v, given %q: %v and %v", tt.f, tt.given, tt.f.shares(a, false), tt.f.shares(a, true))
		}
	}
}
