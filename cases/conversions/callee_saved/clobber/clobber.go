// Package clobber is Go assembly that uses every register Go code may use.
// It is a package of its own because one that uses cgo cannot hold Go assembly.
package clobber

// All leaves no register with the value it had, except the stack pointer, g, and what Go's own conventions keep (a frame pointer,
// the thread pointer). The C names of the registers are those of the psABIs; here they have the names of Go's assembler.
func All()
