// Callbacks from coroutines of C's, on stacks of their own.
package main

/*
#cgo LDFLAGS: -lpthread
#include "coroutine.h"
*/
import "C"

import (
	"fmt"
	"runtime"
)

var calls int

// Use a good deal of the goroutine's stack, so that it grows.
func spend(n int) int {
	var room [64]int
	room[n%len(room)] = n
	if n > 0 {
		return spend(n-1) + room[n%len(room)] - n
	}
	return 0
}

//export goCallback
func goCallback(depth, number C.int) C.int {
	calls++
	if calls%20 == 0 {
		runtime.GC() // on the system stack, which is C's
	}
	done := make(chan C.int)
	go func() { done <- number * 3 }()
	result := <-done + C.int(spend(int(number)%50))
	if depth > 1 {
		return C.go_deeper(depth-1, number) + 1
	}
	return result + 1
}

func report(where string, k C.struct_kept) {
	fmt.Printf("%s: callbacks in coroutines that came back %d, all callbacks %d, wrong %d\n", where, k.steps, calls, k.wrong)
	calls = 0
}

func main() {
	report("one coroutine on a C thread", C.run_on_c_thread(1, 20, 1))
	report("eight in turn", C.run_on_c_thread(8, 20, 1))
	report("eight in turn, callbacks 4 deep", C.run_on_c_thread(8, 10, 4))
}
