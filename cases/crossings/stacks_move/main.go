// Callbacks within callbacks on many threads at once, while the stacks of goroutines move.
package main

/*
#cgo LDFLAGS: -lpthread
#include "calls.h"
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	threads    = 12
	goroutines = 4
	rounds     = 5
	deepest    = 4
)

var callbacks, recovered atomic.Int64

// grow uses a good deal of stack, so that it is moved.
func grow(n int) int {
	var room [512]byte
	if n == 0 {
		return int(room[0])
	}
	room[n%len(room)] = 1
	return grow(n-1) + int(room[(n+1)%len(room)])
}

// Each callback but the innermost calls C again; with recovers ≥ 0 the innermost panics and that depth recovers.
//
//export goCallback
func goCallback(depth, id, recovers C.int, c *C.struct_counts) (result C.int64_t) {
	callbacks.Add(1)
	result = C.int64_t(depth)*1000 + C.int64_t(id)
	C.leaf()
	if depth == recovers {
		defer func() {
			if r := recover(); r == "innermost" {
				recovered.Add(1)
				C.leaf()
			}
		}()
	}
	if depth > 0 {
		grow(20 * int(depth))
		C.nest(depth-1, id, recovers, c)
		C.leaf()
	}
	if id%3 == 0 {
		runtime.Gosched()
	}
	if depth == 0 && recovers >= 0 {
		panic("innermost")
	}
	return result
}

func report(where string, number int, panics bool, c C.struct_counts) {
	fmt.Printf("on %d %s: callbacks %d, ", number, where, callbacks.Swap(0))
	if panics {
		fmt.Printf("recovered %d, ", recovered.Swap(0))
	}
	fmt.Printf("wrong results %d, wrong values in C %d\n", c.wrong_results, c.wrong_values)
}

func onGoroutines(recovers C.int) (sum C.struct_counts) {
	var group sync.WaitGroup
	counts := make([]C.struct_counts, goroutines)
	for id := range counts {
		group.Add(1)
		go func() {
			defer group.Done()
			if id%2 == 0 {
				runtime.LockOSThread()
			}
			for round := C.int(0); round < rounds; round++ {
				at := recovers
				if recovers >= 0 {
					at = round % deepest
				}
				C.nest(deepest, C.int(id), at, &counts[id])
				runtime.GC()
			}
		}()
	}
	group.Wait()
	for _, c := range counts {
		sum.wrong_results += c.wrong_results
		sum.wrong_values += c.wrong_values
	}
	return sum
}

func main() {
	recovers := C.int(-1)
	if os.Args[1] == "panic" {
		recovers = 0
	}
	report("C threads", threads, recovers >= 0, C.run_threads(threads, recovers))
	report("goroutines", goroutines, recovers >= 0, onGoroutines(recovers))
}
