package portmap

import (
	"testing"
)

// TestRefused: a router that answers and does nothing is told from one that is silent, for
// as long as that is so.
func TestRefused(t *testing.T) {
	for err, want := range map[error]bool{
		refusal{UPnP, 606}: true, errNoOutside: true, errGarbled: true, errEmpty: true, errDenied: true,
		errSilent: false, errClosed: false, errNoRouter: false, errOldRouter: false, errNewRouter: false,
	} {
		var s slot
		s.fail(PCP, err)
		if m := s.public(); m.Refused[PCP] != want || m.Errors[PCP] != err.Error() || m.Refused[UPnP] {
			t.Errorf("%v: %+v", err, m)
		}
		if s.heal(PCP); s.public() != (Mapping{}) {
			t.Errorf("%v: stays", err)
		}
	}
}
