// A library for a C program that has a SIGSEGV handler: faults in Go, and in C that Go calls.
package main

/*
typedef int (*reader)(int way);

static inline int call(reader read, int way) { return read(way); }
*/
import "C"

import "runtime"

var none *int

// GoFault returns 1 if a fault in Go is a panic, as it should be.
//
//export GoFault
func GoFault() (recovered C.int) {
	defer func() {
		err, isError := recover().(runtime.Error)
		if isError && err.Error() == "runtime error: invalid memory address or nil pointer dereference" {
			recovered = 1
		}
	}()
	*none = 1
	return 0
}

// GoCalls returns what C's function says, called by this goroutine and by another one, or -1 if they say different things.
//
//export GoCalls
func GoCalls(read C.reader, way C.int) C.int {
	said := make(chan C.int)
	go func() { said <- C.call(read, way) }()
	other := <-said
	if own := C.call(read, way); own != other {
		return -1
	}
	return other
}

func main() {}
