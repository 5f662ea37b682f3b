// longjmp over C frames in which Go has been called, and has returned.
package main

/*
#cgo LDFLAGS: -lpthread
#include "jumps.h"
*/
import "C"

import (
	"fmt"
	"runtime"
)

var callbacks, wrongNumbers int

// Use a good deal of the stack, so that it grows, and let the collector look at it.
func spend(n int) int {
	var room [64]int
	room[n%len(room)] = n
	if n > 0 {
		return spend(n-1) + room[n%len(room)]
	}
	return 0
}

//export goCallback
func goCallback(number, depth C.int) C.struct_landed {
	callbacks++
	if spend(int(number)%40) != (int(number)%40)*(int(number)%40+1)/2 {
		wrongNumbers++
	}
	if callbacks%50 == 0 {
		runtime.GC()
	}
	if depth > 1 {
		return C.jump(3, 4, depth-1)
	}
	return C.struct_landed{}
}

func report(where string, landed C.struct_landed) {
	fmt.Printf("%s: jumps %d, callbacks %d, wrong values %d, wrong in Go %d, stack pointer moved %d times\n",
		where, landed.jumps, callbacks, landed.wrong, wrongNumbers, landed.depths)
	callbacks, wrongNumbers = 0, 0
}

func main() {
	report("out of one C frame", C.jump(200, 1, 1))
	report("out of 20 C frames", C.jump(200, 20, 1))
	report("in callbacks 4 deep, each with jumps", C.jump(4, 5, 4))
	report("on a C thread, out of 20 C frames", C.jump_on_c_thread(200, 20, 1))
	report("on a C thread, in callbacks 4 deep", C.jump_on_c_thread(4, 5, 4))
}
