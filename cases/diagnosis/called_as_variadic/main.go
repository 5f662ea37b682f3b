// A function that is called as if its prototype ended in an ellipsis.
package main

// -O1: what the compiler leaves in registers is what the psABI has it put there.

// #cgo CFLAGS: -O1
// #include "calls.h"
import "C"

import "fmt"

func main() {
	fmt.Println("called", C.run(), "time")
}
