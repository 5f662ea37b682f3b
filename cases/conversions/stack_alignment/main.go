// Is the stack aligned as C's ABI demands when Go calls C?
package main

/*
#cgo LDFLAGS: -lpthread
#include "stack.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"
)

func say(where, what string, off int) {
	if off == 0 {
		fmt.Printf("%s, %s: aligned\n", where, what)
	} else {
		fmt.Printf("%s, %s: off by %d\n", where, what, off)
	}
}

func report(where string) {
	say(where, "stack pointer", int(C.stack_pointer_is_off()))
	say(where, "aligned local", int(C.aligned_local_is_off()))
}

var where string

//export goCallback
func goCallback(depth C.int) {
	if depth > 1 {
		C.call_go(depth - 1)
		return
	}
	report(where)
}

// A goroutine's stack follows Go's rules, not C's; what Go promises is that a 64-bit atomic is aligned on 32-bit machines too.
//
//export goAligned
func goAligned() {
	var n atomic.Int64
	say("Go called from C", "atomic.Int64 local", int(uintptr(unsafe.Pointer(&n))%8))
}

func init() {
	// main.main stays on the thread that the process started with, so its C code runs on that thread's own stack.
	runtime.LockOSThread()
}

func main() {
	report("C called on the first thread")

	// The only thread there is belongs to main, so this goroutine gets one that the runtime makes through crosscall1.
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		report("C called on a thread made by the runtime")
		where = "C called in a callback on a thread made by the runtime"
		C.call_go(1)
		close(done)
	}()
	<-done

	where = "C called in a callback"
	C.call_go(1)
	where = "C called in a callback in a callback"
	C.call_go(2)

	C.call_go_aligned()

	where = "C called in a callback on a C thread"
	C.call_go_on_c_thread(1)
	where = "C called in a callback in a callback on a C thread"
	C.call_go_on_c_thread(2)
}
