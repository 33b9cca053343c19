//go:build !linux

package transfer

import "errors"

// renameNew fails: this system has no rename that never overwrites.
func renameNew(_, _ string) error { return errors.ErrUnsupported }
