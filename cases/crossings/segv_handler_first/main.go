// Faults in C and in Go, with a SIGSEGV handler of C's.
package main

/*
#cgo LDFLAGS: -lpthread
#include "handler.h"
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
)

var (
	none             *int
	callbacks, wrong int
)

// faultInGo reports whether a fault in Go is a panic.
func faultInGo() (recovered bool) {
	defer func() {
		err, isError := recover().(runtime.Error)
		recovered = isError && err.Error() == "runtime error: invalid memory address or nil pointer dereference"
	}()
	*none = 1
	return false
}

// What a callback does: a fault in C that it calls, and one of its own.
//
//export goFault
func goFault(way C.enum_way) {
	callbacks++
	if s := C.fault(way, 3); s.right != 1 || s.values != 1 || !faultInGo() {
		wrong++
	}
}

func report(where string, s C.struct_seen) {
	yes := map[C.int]string{0: "NO", 1: "yes"}
	fmt.Printf("%s: right %s, C's values kept %s; mended by C's handler %d, handed on by it %d; callbacks %d, wrong %d\n",
		where, yes[s.right], yes[s.values], C.expected, C.handed_on, callbacks, wrong)
	C.expected, C.handed_on, callbacks, wrong = 0, 0, 0, 0
}

func faults() {
	ways := []string{C.OPENS: "page opened", C.JUMPS: "jumped back"}
	for way, text := range ways {
		way := C.enum_way(way)
		report("in C called by Go, "+text, C.fault(way, 1))
		report("the same 20 C frames deep, "+text, C.fault(way, 20))
		report("on a C thread, before, in and after a callback, "+text, C.fault_on_c_thread(way))
	}
	var s C.struct_seen
	if faultInGo() && faultInGo() {
		s.right, s.values = 1, 1
	}
	report("twice in Go", s)
	done := make(chan C.struct_seen)
	go func() { done <- C.fault(C.OPENS, 3) }()
	report("in C called by another goroutine", <-done)
	fmt.Println("lost by C's handler across Go's:", [...]string{"nothing", "integers", "doubles", "integers and doubles"}[C.lost])
}

func main() {
	if os.Args[1] == "after" {
		C.install()
	}
	faults()
	if len(os.Args) > 2 {
		fmt.Println("one that nobody expects, in C")
		C.fault_unexpected()
		fmt.Println("came back from it")
	}
}
