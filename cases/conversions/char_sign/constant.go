//go:build constant

// A negative constant as a C.char.
package main

// static int is_negative(char c) { return c < 0; }
import "C"

import "fmt"

func main() {
	c := C.char(-1)
	fmt.Println("int(C.char(-1)) =", int(c))
	fmt.Println("is negative in C =", C.is_negative(c) != 0)
}
