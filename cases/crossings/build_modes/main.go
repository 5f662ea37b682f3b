// One callback program, built in each way that Go has for programs.
package main

/*
#cgo LDFLAGS: -lpthread
#include "call.h"
*/
import "C"

import (
	"fmt"
	"runtime"
)

//export goCallback
func goCallback(n C.int, d C.double) C.struct_pair {
	if n%50 == 0 {
		runtime.GC()
	}
	return C.struct_pair{n: C.int64_t(n) * 1000001, d: d * 2}
}

// nilIsAPanic has a fault on the way through the signal trampoline, which finds g by thread-local storage.
func nilIsAPanic() (recovered bool) {
	defer func() { recovered = recover() != nil }()
	var none *int
	*none = 1
	return false
}

func main() {
	fmt.Printf("position-independent %v, with a dynamic loader %v\n", C.is_position_independent() == 1, C.is_dynamic() == 1)
	sum := C.call_go(100)
	fmt.Println("100 callbacks:", sum.n == 5050*1000001, sum.d == 0.5+5050*0.5)
	sum = C.call_go_on_c_thread(100)
	fmt.Println("100 callbacks on a C thread:", sum.n == 5050*1000001, sum.d == 0.5+5050*0.5)
	sums := make(chan C.struct_pair)
	for i := 0; i < 8; i++ {
		go func() { sums <- C.call_go(20) }()
	}
	right := 0
	for i := 0; i < 8; i++ {
		if s := <-sums; s.n == 210*1000001 && s.d == 0.5+210*0.5 {
			right++
		}
	}
	fmt.Println("20 callbacks on each of 8 goroutines, right:", right)
	fmt.Println("a fault in Go is a panic:", nilIsAPanic())
}
