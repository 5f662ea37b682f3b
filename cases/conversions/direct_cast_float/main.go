// C function pointers reinterpreted as Go funcs, and called with floating-point arguments.
package main

// -O2: the C functions must be leaves without a frame, see direct_cast.

// #cgo CFLAGS: -O2
// #include "floats.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

type (
	doubles func(x, y, z float64) float64
	floats  func(x, y float32) float32
	mixed   func(i int32, x float64, j int32, y float64, k int32) float64
)

const (
	x, y, z = 1001.5, 2002.25, 3003.125
	i, j, k = 1111, 2222, 3333
)

// Calls in functions of their own: nothing around them decides what is in the registers.
//
//go:noinline
func callDoubles(f doubles) float64 { return f(x, y, z) }

//go:noinline
func callFloats(f floats) float32 { return f(x, y) }

//go:noinline
func callMixed(f mixed) float64 { return f(i, x, j, y, k) }

func show(what string, got, want float64) {
	if got == want {
		fmt.Printf("%s = %v\n", what, got)
	} else {
		fmt.Printf("%s = wrong\n", what)
	}
}

func showParameters(function, names string, want ...float64) {
	for n, v := range want {
		show("parameter "+names[n:n+1]+" of "+function, float64(C.saw(C.int(n))), v)
	}
}

func main() {
	runtime.LockOSThread() // saw is per thread

	// A Go func value points at a word that holds the code pointer: code is one.
	code := C.doubles_address()
	value := unsafe.Pointer(&code)

	d := callDoubles(*(*doubles)(unsafe.Pointer(&value)))
	showParameters("doubles", "xyz", x, y, z)
	show("doubles(1001.5, 2002.25, 3003.125)", d, x+y+z)

	code = C.floats_address()
	f := callFloats(*(*floats)(unsafe.Pointer(&value)))
	showParameters("floats", "xy", x, y)
	show("floats(1001.5, 2002.25)", float64(f), x+y)

	code = C.mixed_address()
	m := callMixed(*(*mixed)(unsafe.Pointer(&value)))
	showParameters("mixed", "ixjyk", i, x, j, y, k)
	show("mixed(1111, 1001.5, 2222, 2002.25, 3333)", m, i+x+j+y+k)
}
