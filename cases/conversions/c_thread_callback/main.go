// Threads that C made call Go, one after the other and all at once.
package main

/*
#cgo LDFLAGS: -lpthread
#include "threads.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
)

const threads, calls = 8, 25

var (
	made atomic.Int64 // callbacks
	wait *meeting     // where the first callback of each thread waits for all others, if not nil
)

// A meeting lets nobody go on before all have come: then all threads are inside Go at the same time.
type meeting struct {
	mu      sync.Mutex
	missing int
	all     chan bool
}

func (m *meeting) attend() {
	m.mu.Lock()
	if m.missing--; m.missing == 0 {
		close(m.all)
	}
	m.mu.Unlock()
	<-m.all
}

// The result holds both integer arguments, the floating one, and a _Thread_local variable that C is asked for from here.
//
//export goCallback
func goCallback(number, call C.int, fraction C.double, tid C.int, sameThread *C.int) C.double {
	made.Add(1)
	if call == 0 && wait != nil {
		wait.attend()
	}
	if syscall.Gettid() == int(tid) {
		*sameThread = 1
	}
	return 1000*C.double(number) + C.double(call) + fraction + C.double(C.thread_local_value())
}

func report(how string, seen C.struct_seen) {
	fmt.Printf("%d threads %s, callbacks made: %d\n", threads, how, made.Swap(0))
	fmt.Printf("%d threads %s, wrong results: %d\n", threads, how, seen.wrong_results)
	fmt.Printf("%d threads %s, callbacks on another thread: %d\n", threads, how, seen.wrong_thread)
	fmt.Printf("%d threads %s, thread-local variables changed: %d\n", threads, how, seen.wrong_thread_local)
}

func main() {
	report("in sequence", C.in_sequence(threads, calls))

	wait = &meeting{missing: threads, all: make(chan bool)}
	report("at once", C.at_once(threads, calls))
	fmt.Printf("threads inside Go at the same time: %d\n", threads-wait.missing)

	// Threads that ended have given their M back: new ones still come through.
	wait = nil
	report("in sequence again", C.in_sequence(threads, calls))
}
