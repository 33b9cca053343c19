package bleveindex

import (
	"fmt"
	"runtime/debug"
)

// guard runs f, which reads mapped files. Where a file was cut short the kernel
// raises a fault, which would end the process; here it is a panic, as bleve's
// own panics over garbage are, and both become ErrDamaged.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return f()
}
