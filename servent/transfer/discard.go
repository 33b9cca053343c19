package transfer

import "path/filepath"

// Discard removes what interrupted downloads of the content have left in job.Dir
// under job.Name, the last element of which counts, or a number of it: the .part
// file and its journal. What is being downloaded now is left alone.
func Discard(job Job) {
	job.Name = SafeName(filepath.Base(job.Name))
	tidy(&job)
}
