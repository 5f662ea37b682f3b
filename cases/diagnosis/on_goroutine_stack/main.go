// C that is called with its arguments where they belong, on a goroutine's stack.
package main

// -O1: what the compiler leaves in registers is what the psABI has it put there.

// #cgo CFLAGS: -O1
// #include "callee.h"
import "C"

import "fmt"

func main() {
	fmt.Println("result", call(1111))
}
