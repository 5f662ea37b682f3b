// Panics, faults and Goexit that end inside a callback.
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
	"strings"
)

// A way to panic; `do` never returns. `says` is what recover gets.
type way struct {
	name, says string
	do         func(number int)
}

var ways []way

var (
	waysOf    = map[string][]way{} // by the program's argument
	none      *struct{ first, second int }
	zero      int
	sink      any
	callbacks int
)

// dig uses a good deal of stack, so that it is moved, and does `then` at the bottom; n deferred functions run by the panic.
func dig(n int, ran *int, then func()) {
	var room [32]int
	defer func() { *ran += 1 + room[n%len(room)] }()
	if n > 0 {
		dig(n-1, ran, then)
		return
	}
	then()
}

func init() {
	waysOf["panic"] = []way{
		{"panic with a value", "value", func(int) { panic("value") }},
		{"panic with an error", "runtime error: index out of range [5] with length 3", func(int) { _ = make([]int, 3)[zero+5] }},
		{"division by zero", "runtime error: integer divide by zero", func(int) { zero = 1 / zero }},
		{"panic in a deferred function that recovered", "second", func(int) {
			defer func() { recover(); panic("second") }()
			panic("first")
		}},
		{"panic after a callback in a deferred function panicked and recovered", "outer", func(int) {
			defer func() { nested(0) }()
			panic("outer")
		}},
		{"panic after a callback panicked and recovered", "after", func(int) { nested(0); panic("after") }},
		{"panic with the collector at work", "collected", func(number int) {
			defer func() {
				if number%10 == 0 {
					runtime.GC()
				}
			}()
			panic(fmt.Sprint("coll", "ected"))
		}},
	}
	const fault = "runtime error: invalid memory address or nil pointer dereference"
	waysOf["fault"] = []way{
		{"read through nil", fault, func(int) { sink = none.first }},
		{"read of a field through nil", fault, func(int) { sink = none.second }},
		{"write through nil", fault, func(int) { none.second = 5 }},
		{"call of a nil func", fault, func(int) { var f func(); f() }},
		{"method of a nil interface", fault, func(int) { var e error; sink = e.Error() }},
		{"read through nil in a deferred function, while panicking", fault, func(int) {
			defer func() { sink = none.first }()
			panic("replaced")
		}},
		{"read through nil after a callback did and recovered", fault, func(int) { nested(0); sink = none.first }},
	}
}

// nested calls C with a callback that panics in the first way and recovers.
func nested(way int) {
	if k := C.call_go(C.int(way), 2, 3); k != (C.struct_kept{}) {
		panic(k)
	}
}

//export goCallback
func goCallback(what, number C.int) (result C.int64_t) {
	w, ran := ways[what], 0
	callbacks++
	deep := int(number) * 7 % 50
	defer func() {
		result = -1
		if got := fmt.Sprint(recover()); got != w.says {
			fmt.Printf("%s: recovered %s\n", w.name, got)
		} else if ran == deep+1 && recover() == nil {
			result = C.int64_t(number) * 1000001
		}
	}()
	dig(deep, &ran, func() { w.do(int(number)) })
	return -2
}

func report(name, where string, k C.struct_kept) {
	fmt.Printf("%s, %s: %d callbacks, wrong results %d, wrong values in C %d, stack pointer moved %d times\n",
		name, where, callbacks, k.wrong_results, k.wrong_values, k.moved)
	callbacks = 0
}

func main() {
	switch os.Args[1] {
	case "goexit":
		goexit()
	case "goexit_on_c_thread":
		atEnd = func() { fmt.Println("out of one callback on a C thread:", strings.Join(trail, "; ")) }
		C.call_leave_on_c_thread()
	}
	ways = waysOf[os.Args[1]]
	for i, way := range ways {
		report(way.name, "below one C frame", C.call_go(C.int(i), 60, 1))
		report(way.name, "below 20", C.call_go(C.int(i), 60, 20))
		report(way.name, "on a C thread", C.call_go_on_c_thread(C.int(i), 60, 3))
	}
}
