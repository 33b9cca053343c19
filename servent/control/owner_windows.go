package control

import "os"

// hasModes says whether the modes of files keep others out. Here the folders
// of a user's profile do.
const hasModes = false

func ownedByUs(os.FileInfo) bool { return true }
