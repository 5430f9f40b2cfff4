package archive

import "os"

// Lock takes the lock of a file until that is closed; false when another has it.
func Lock(f *os.File) (bool, error) { return flock(f, exclusive) }
