// A variadic function that is called without the number of vector registers in AL.
package main

// -O1: what the compiler leaves in registers is what the psABI has it put there.

// #cgo CFLAGS: -O1
// #include "calls.h"
import "C"

import "fmt"

func main() {
	fmt.Println("called", C.run(), "time")
}
