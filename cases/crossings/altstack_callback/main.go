// Callbacks in a signal handler of C's, on the thread's own stack and on an alternate one.
package main

/*
#cgo LDFLAGS: -lpthread
#include "altstack.h"
*/
import "C"

import (
	"fmt"
	"runtime"
)

var calls int

//export goCallback
func goCallback(number, sig C.int) C.int {
	calls++
	if calls%20 == 0 {
		runtime.GC() // on the system stack, which is C's
	}
	done := make(chan C.int)
	go func() { done <- number * 3 }()
	return <-done + sig
}

func report(where string, k C.struct_kept) {
	fmt.Printf("%s: callbacks %d, wrong %d, handlers on another stack %d\n", where, k.callbacks, k.wrong, k.elsewhere)
}

func main() {
	runtime.LockOSThread()
	report("own stack, C called by Go", C.raise_here(C.NORMAL, 50))
	report("own stack, C thread, first callback in the handler", C.raise_on_c_thread(C.NORMAL, 50, 0))
	report("own stack, C thread, a callback before", C.raise_on_c_thread(C.NORMAL, 50, 1))
	report("alternate stack, C thread, first callback in the handler", C.raise_on_c_thread(C.ALTERNATE, 50, 0))
	report("alternate stack, C thread, a callback before", C.raise_on_c_thread(C.ALTERNATE, 50, 1))
}
