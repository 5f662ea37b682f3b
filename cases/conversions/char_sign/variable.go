//go:build variable

// A C char with the top bit set, converted to a Go int.
package main

// static char byte_ff(void) { return (char)0xff; }
// static int is_negative(char c) { return c < 0; }
import "C"

import "fmt"

func main() {
	c := C.byte_ff()
	fmt.Println("int(C.byte_ff()) =", int(c))
	fmt.Println("is negative in C =", C.is_negative(c) != 0)
}
