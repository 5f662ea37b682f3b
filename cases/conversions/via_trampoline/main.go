// C function pointers called the right way: C calls them, by their C type.
package main

// #include "functions.h"
import "C"

import "fmt"

func main() {
	// The pointers stay opaque in Go (*[0]byte). What calls them is compiled by the
	// C compiler, and runs on the thread's stack.
	fmt.Println("add3(1, 2, 3) =",
		C.call_add3(C.add3_fn(C.add3), 1, 2, 3))
	fmt.Println("doubles(1001.5, 2002.25, 3003.125) =",
		C.call_doubles(C.doubles_fn(C.doubles), 1001.5, 2002.25, 3003.125))
	fmt.Println("floats(1001.5, 2002.25) =",
		C.call_floats(C.floats_fn(C.floats), 1001.5, 2002.25))
	fmt.Println("mixed(1111, 1001.5, 2222, 2002.25, 3333) =",
		C.call_mixed(C.mixed_fn(C.mixed), 1111, 1001.5, 2222, 2002.25, 3333))
	fmt.Println("sum12(1, 2, ... 12) =",
		C.call_sum12(C.sum12_fn(C.sum12), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
	fmt.Println("bytes of 65536 that deep got on its stack =",
		C.call_deep(C.deep_fn(C.deep)))
}
