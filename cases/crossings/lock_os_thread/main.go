// A goroutine and its thread, across calls to C and back.
package main

/*
#cgo LDFLAGS: -lpthread
#include "threads.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
)

// What a callback does between two looks at its thread.
const (
	yields     = iota // let the other goroutines run, and block on them
	locks             // LockOSThread, without an Unlock
	unlocks           // UnlockOSThread, without a Lock of its own
	locksTwice        // and unlocks once
)

var (
	wrongThread atomic.Int64 // callbacks that did not run on the thread of the C code below them
	moved       atomic.Int64 // callbacks that changed their thread
	ping, pong  = make(chan bool), make(chan bool)
)

// elsewhere makes this goroutine wait for others, which is where an unlocked one changes its thread.
func elsewhere() {
	for i := 0; i < 10; i++ {
		ping <- true
		<-pong
		runtime.Gosched()
	}
}

//export goCallback
func goCallback(what, depth, thread C.int) {
	before := syscall.Gettid()
	if before != int(thread) {
		wrongThread.Add(1)
	}
	switch what {
	case locks:
		runtime.LockOSThread()
	case unlocks:
		runtime.UnlockOSThread()
	case locksTwice:
		runtime.LockOSThread()
		runtime.LockOSThread()
		runtime.UnlockOSThread()
	}
	elsewhere()
	if depth > 1 {
		if seen := C.call_go(what, depth-1); seen.before != thread || seen.after != thread {
			moved.Add(1)
		}
	}
	if syscall.Gettid() != before {
		moved.Add(1)
	}
}

func report(where string) {
	fmt.Printf("%s: callbacks on another thread than their C: %d, threads changed on the way: %d\n",
		where, wrongThread.Swap(0), moved.Swap(0))
}

// call calls C, which calls Go; a locked goroutine is on the same thread before, in C, in Go and after.
func call(what, depth C.int, locked bool) {
	before := syscall.Gettid()
	seen := C.call_go(what, depth)
	if seen.before != seen.after || locked && (int(seen.before) != before || syscall.Gettid() != before) {
		moved.Add(1)
	}
}

// stays reports whether the goroutine has one thread while others run.
func stays() bool {
	before := syscall.Gettid()
	for i := 0; i < 10; i++ {
		elsewhere()
		if syscall.Gettid() != before || C.thread_id() != C.int(before) {
			return false
		}
	}
	return true
}

func init() {
	runtime.LockOSThread() // main.main keeps the thread that the process started with
}

func main() {
	for i := 0; i < 4; i++ {
		go func() {
			for range ping {
				C.thread_id()
				pong <- true
			}
		}()
	}

	fmt.Println("main's thread is the process's first:", syscall.Gettid() == syscall.Getpid())
	call(yields, 1, true)
	report("on the first thread")
	call(yields, 5, true)
	report("on the first thread, 5 deep")
	fmt.Println("main's thread is the process's first:", syscall.Gettid() == syscall.Getpid())

	in := func(what func()) {
		done := make(chan bool)
		go func() {
			defer close(done)
			what()
		}()
		<-done
	}
	in(func() {
		for i := 0; i < 20; i++ {
			call(yields, 3, false)
		}
	})
	report("on a goroutine that is not locked, 3 deep")

	in(func() {
		call(locks, 1, false)
		fmt.Println("a lock that a callback took holds after it:", stays())
		runtime.UnlockOSThread()
	})
	report("a callback that locks")
	in(func() {
		runtime.LockOSThread()
		runtime.LockOSThread()
		call(unlocks, 1, true)
		fmt.Println("one of two locks is left by a callback that unlocks once:", stays())
		runtime.UnlockOSThread()
	})
	report("a callback that unlocks")
	in(func() {
		call(locksTwice, 1, false)
		fmt.Println("one of a callback's two locks is left:", stays())
		runtime.UnlockOSThread()
	})
	report("a callback that locks twice")

	fmt.Println("on a C thread, thread changed:", C.call_go_on_c_thread(yields, 5))
	fmt.Println("on a C thread, locked again and again, thread changed:", C.call_go_on_c_thread(locks, 5))
	fmt.Println("on a C thread, locked twice each time, thread changed:", C.call_go_on_c_thread(locksTwice, 5))
	report("on C threads")

	// A goroutine that ends while it is locked takes its thread with it: crosscall1 returns to its C caller.
	ended := make(chan int)
	go func() {
		runtime.LockOSThread()
		call(yields, 1, true)
		ended <- syscall.Gettid()
	}()
	thread := <-ended
	for syscall.Tgkill(syscall.Getpid(), thread, 0) != syscall.ESRCH {
		runtime.Gosched() // one that never ends is a time-out of the whole program
	}
	report("on a thread that ended with its goroutine")
	fmt.Println("main's thread is the process's first:", syscall.Gettid() == syscall.Getpid())
}
