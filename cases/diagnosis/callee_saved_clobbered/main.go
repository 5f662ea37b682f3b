// A C function that does not leave a callee-saved register as it was.
package main

// -O1: what the compiler leaves in registers is what the psABI has it put there.

// #cgo CFLAGS: -O1
// #include "calls.h"
import "C"

import "fmt"

func main() {
	fmt.Println("called", C.run(), "time")
}
