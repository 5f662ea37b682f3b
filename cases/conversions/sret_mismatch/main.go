// A C function that returns a struct, called through a pointer to one that returns nothing.
package main

// #include "make.h"
import "C"

import "fmt"

func show(how string, r C.struct_report) {
	parameter := func(name string, argument C.int) {
		if argument != 0 {
			fmt.Printf("%s: parameter %s = argument %d\n", how, name, argument)
		} else {
			fmt.Printf("%s: parameter %s = wrong\n", how, name)
		}
	}
	parameter("p", r.p)
	parameter("a", r.a)
	parameter("b", r.b)

	result := func(where string, there C.int) {
		if there != 0 {
			fmt.Printf("%s: the result was written to %s\n", how, where)
		}
	}
	result("the caller's variable", r.to_result)
	result("what argument 1 points at", r.to_argument_1)
	result("what x8 happened to point at", r.to_x8)

	if r.popped != 0 {
		fmt.Printf("%s: bytes of the caller's stack that the callee popped = %d\n", how, r.popped)
	}
}

func main() {
	show("as declared", C.call_as_declared())
	show("as void", C.call_as_void(C.make_address()))
}
