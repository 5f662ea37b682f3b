// A variadic C function called through a pointer to a function that is not variadic.
package main

// #include "take.h"
import "C"

import "fmt"

func show(how string, got, want C.struct_taken) {
	line := func(name string, got, want any) {
		if got == want {
			fmt.Printf("%s: %s = %v\n", how, name, got)
		} else {
			fmt.Printf("%s: %s = wrong\n", how, name)
		}
	}
	line("named", got.named, want.named)
	line("i", got.i, want.i)
	line("x", got.x, want.x)
	line("j", got.j, want.j)
}

func main() {
	// Other values in each call: what an earlier one left behind is wrong in the next.
	show("through a pointer, %al = 0 on amd64",
		C.call_fixed(C.take_with_al(0), 1111, 1112, 1113.25, 1114),
		C.struct_taken{named: 1111, i: 1112, x: 1113.25, j: 1114})
	show("through a pointer, %al = 8 on amd64",
		C.call_fixed(C.take_with_al(8), 2221, 2222, 2223.25, 2224),
		C.struct_taken{named: 2221, i: 2222, x: 2223.25, j: 2224})
	show("as a variadic function",
		C.call_take(3331, 3332, 3333.25, 3334),
		C.struct_taken{named: 3331, i: 3332, x: 3333.25, j: 3334})
}
