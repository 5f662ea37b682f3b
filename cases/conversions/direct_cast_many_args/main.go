// C function pointers reinterpreted as Go funcs, and called with more arguments
// than one of the two conventions has registers for.
package main

// -O2: the C functions must be leaves without a frame, see direct_cast.

// #cgo CFLAGS: -O2
// #include "sums.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// A Go int is as wide as a C long on every linux.
type (
	sum5   func(a, b, c, d, e int) int
	sum8   func(a, b, c, d, e, f, g, h int) int
	sum9   func(a, b, c, d, e, f, g, h, i int) int
	take12 func(a, b, c, d, e, f, g, h, i, j, k, l, last int)
)

const unit = C.UNIT

// Calls in functions of their own: nothing around them decides what is in the registers.
//
//go:noinline
func call5(f sum5) int {
	return f(1*unit, 2*unit, 3*unit, 4*unit, 5*unit)
}

//go:noinline
func call8(f sum8) int {
	return f(1*unit, 2*unit, 3*unit, 4*unit, 5*unit, 6*unit, 7*unit, 8*unit)
}

//go:noinline
func call9(f sum9) int {
	return f(1*unit, 2*unit, 3*unit, 4*unit, 5*unit, 6*unit, 7*unit, 8*unit, 9*unit)
}

// With ABI0 the code that stores the arguments leaves the last one in a register.
// So there is a 13th, which C does not know and which looks like none of the twelve.
//
//go:noinline
func call12(f take12) {
	f(1*unit, 2*unit, 3*unit, 4*unit, 5*unit, 6*unit, 7*unit, 8*unit, 9*unit, 10*unit, 11*unit, 12*unit, -1)
}

func show(n, got int) {
	want := n * (n + 1) / 2 * unit
	if got == want {
		fmt.Printf("the sum of %d arguments = %#x\n", n, got)
	} else {
		fmt.Printf("the sum of %d arguments = wrong\n", n)
	}
}

func main() {
	runtime.LockOSThread() // take12_saw is per thread

	// A Go func value points at a word that holds the code pointer: code is one.
	code := C.sum5_address()
	value := unsafe.Pointer(&code)

	show(5, call5(*(*sum5)(unsafe.Pointer(&value))))

	code = C.sum8_address()
	show(8, call8(*(*sum8)(unsafe.Pointer(&value))))

	code = C.sum9_address()
	show(9, call9(*(*sum9)(unsafe.Pointer(&value))))

	code = C.take12_address()
	call12(*(*take12)(unsafe.Pointer(&value)))
	for n := 1; n <= 12; n++ {
		if arg := C.take12_saw(C.int(n)); arg != 0 {
			fmt.Printf("parameter %d of 12 = argument %d\n", n, arg)
		} else {
			fmt.Printf("parameter %d of 12 = wrong\n", n)
		}
	}
}
