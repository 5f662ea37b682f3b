// Package low calls C by C's convention, and stays on the stack it is on.
package low

import "unsafe"

// Call returns what the C function at code returns for a.
func Call(code unsafe.Pointer, a int64) (result int64)
