// A Go function that C calls by the address of its code.
package main

// #include "calls.h"
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

var seen int32

// A leaf that does not look at its goroutine's stack: nothing in it needs what C does not give.
//
//go:nosplit
//go:noinline
func target(a, b, c int32) { seen = a + b + c }

//export exported
func exported(a, b, c int32) { target(a, b, c) }

// A Go func value points at a word that holds the address of the code.
func code(f func(a, b, c int32)) unsafe.Pointer { return **(**unsafe.Pointer)(unsafe.Pointer(&f)) }

func main() {
	if os.Args[1] == "wrong" {
		fmt.Println("called", C.run(code(target)), "time")
	} else {
		fmt.Println("called", C.run(exportedCode()), "time")
	}
}
