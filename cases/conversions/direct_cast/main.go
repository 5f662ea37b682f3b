// A C function pointer reinterpreted as a Go func, and called with integers.
package main

// -O2: add3 must be a leaf without a frame. It runs in a Go frame, which has no
// room for what a C callee may store there (s390x: 160 bytes of register saves).

// #cgo CFLAGS: -O2
// #include "add3.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

const a, b, c = 0x11111111, 0x22222222, 0x33333333

// A Go func value points at a word that holds the code pointer: &code is one.
func asAdd3(code *unsafe.Pointer) func(a, b, c int32) int32 {
	return *(*func(a, b, c int32) int32)(unsafe.Pointer(&code))
}

func asAnswer(code *unsafe.Pointer) func() int32 {
	return *(*func() int32)(unsafe.Pointer(&code))
}

// The calls stand in functions of their own, so that nothing around them
// decides what is in the registers.
//
//go:noinline
func callAdd3(f func(a, b, c int32) int32) int32 { return f(a, b, c) }

//go:noinline
func callAnswer(f func() int32) int32 { return f() }

func show(what string, got, want int32) {
	if got == want {
		fmt.Printf("%s = %#x\n", what, got)
	} else {
		fmt.Printf("%s = wrong\n", what)
	}
}

func main() {
	runtime.LockOSThread() // add3_saw is per thread

	code := C.add3_address()
	sum := callAdd3(asAdd3(&code))
	show("parameter a of add3", int32(C.add3_saw(0)), a)
	show("parameter b of add3", int32(C.add3_saw(1)), b)
	show("parameter c of add3", int32(C.add3_saw(2)), c)
	show("add3(0x11111111, 0x22222222, 0x33333333)", sum, a+b+c)

	code = C.answer_address()
	show("answer()", callAnswer(asAnswer(&code)), 0x2a2a2a2a)
}
