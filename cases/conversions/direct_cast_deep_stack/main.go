// A C function that needs 64 KiB of stack, called through cgo and as a Go func.
package main

// -O2: note_stack must be a leaf without a frame, see direct_cast.

// #cgo CFLAGS: -O2
// #include "deep.h"
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// What needs 64 KiB of stack in Go asks for it in its prologue (runtime.morestack),
// and the runtime moves the goroutine to a bigger stack.
//
//go:noinline
func deepInGo() (sum int) {
	var use [C.NEED]byte
	for i := range use {
		use[i] = byte(i)
	}
	for _, b := range use {
		sum += int(b)
	}
	return sum
}

// near tells whether C ran right below the frame of its Go caller.
func near(local, c uintptr) bool { return local-c < 4096 }

var cgoOnStack, castOnStack, castMoved, goMoved bool

// measure only measures: printing would make the stack bigger.
func measure() {
	// A Go func value points at a word that holds the code pointer: code is one.
	code := C.note_stack_address()
	value := unsafe.Pointer(&code)
	noteStack := *(*func())(unsafe.Pointer(&value))

	var local byte // its address tells where the stack is, and when it moves

	C.note_stack()
	cgoOnStack = near(uintptr(unsafe.Pointer(&local)), uintptr(C.noted_stack()))

	before := uintptr(unsafe.Pointer(&local))
	noteStack()
	castMoved = before != uintptr(unsafe.Pointer(&local))
	castOnStack = near(before, uintptr(C.noted_stack()))

	before = uintptr(unsafe.Pointer(&local))
	deepInGo()
	goMoved = before != uintptr(unsafe.Pointer(&local))
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "overrun" {
		overrun()
		return
	}
	debug.SetGCPercent(-1) // a collection may move a stack to shrink it

	done := make(chan bool)
	go func() { // with the stack of a new goroutine: a few KiB
		runtime.LockOSThread() // noted_stack is per thread
		measure()
		close(done)
	}()
	<-done

	fmt.Println("through cgo: C runs on the goroutine's stack:", cgoOnStack)
	fmt.Println("through cgo: bytes of 65536 that C got on its stack:", C.deep())
	fmt.Println("as a Go func: C runs on the goroutine's stack:", castOnStack)
	fmt.Println("as a Go func: the stack grew for C:", castMoved)
	fmt.Println("a Go function with the same need, then: the stack had to grow:", goMoved)
}
