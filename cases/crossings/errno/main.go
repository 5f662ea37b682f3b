// errno as the second result of a call from Go to C.
package main

/*
#cgo LDFLAGS: -lpthread
#include "results.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

const (
	// Linux gives these the same numbers on every architecture.
	first, second = syscall.ENOENT, syscall.EAGAIN

	threads, rounds = 8, 50
)

// What goCallback does.
const (
	nothing    = iota
	systemCall // one that fails; Go's own system calls do not go through C's errno
	switches   // let other goroutines run on other threads, and come back
	callsC     // an errno of C's own is set, as by any C function
	asksErrno  // C is called with two results, and succeeds
)

var meeting chan bool

//export goCallback
func goCallback(what C.int) {
	switch what {
	case systemCall:
		if err := syscall.Close(-1); err != syscall.EBADF {
			panic(err)
		}
	case switches:
		meeting <- true
		<-meeting
	case callsC:
		C.set_errno_only(C.int(second))
	case asksErrno:
		if _, err := C.leave_errno(1); err != nil {
			panic(err)
		}
	}
}

// name says what an errno is without its text, which is the C library's in one place and Go's in another.
func name(err error) string {
	switch err {
	case nil:
		return "nil"
	case first:
		return "ENOENT"
	case second:
		return "EAGAIN"
	}
	return fmt.Sprintf("%d", err)
}

func errno(n C.int) string {
	if n == 0 {
		return "0"
	}
	return name(syscall.Errno(n))
}

func main() {
	runtime.LockOSThread() // so that errno is one thread's

	result, err := C.set_errno(C.int(first), -1)
	fmt.Printf("a failure: result %d, error %s\n", result, name(err))
	result, err = C.leave_errno(7)
	fmt.Printf("a success after it: result %d, error %s\n", result, name(err))
	result, err = C.set_errno(C.int(second), 7)
	fmt.Printf("a success that sets errno: result %d, error %s\n", result, name(err))
	_, err = C.set_errno_only(C.int(first))
	fmt.Printf("a function without a result: error %s\n", name(err))
	_, isErrno := err.(syscall.Errno)
	fmt.Printf("the error is a syscall.Errno: %v\n", isErrno)

	// A call with one result leaves errno alone, a call with two starts from 0.
	C.set_errno_only(C.int(first))
	fmt.Printf("errno that the next call finds, asked with one result: %s\n", errno(C.read_errno()))
	found, err := C.read_errno()
	fmt.Printf("errno that the next call finds, asked with two results: %s, error %s\n", errno(found), name(err))

	meeting = make(chan bool)
	stop := make(chan bool)
	go func() {
		for range meeting {
			for i := 0; i < 20; i++ {
				C.set_errno_only(C.int(second)) // on whatever thread this goroutine is
				runtime.Gosched()
			}
			meeting <- true
		}
		close(stop)
	}()
	for what, text := range []string{
		nothing:    "does nothing",
		systemCall: "makes a system call that fails",
		switches:   "lets other goroutines run",
		callsC:     "calls C, which sets EAGAIN",
		asksErrno:  "calls C with two results",
	} {
		seen, err := C.around_callback(C.int(first), C.int(what))
		fmt.Printf("ENOENT in C, then a callback that %s: errno in C before 0, after %s, error %s\n",
			text, errno(seen.after), name(err))
		if seen.before != 0 {
			fmt.Println("errno in C before was", seen.before)
		}
	}
	close(meeting)
	<-stop

	// All in C at the same time, each with a number of its own, and goroutines that change threads in between.
	var wrong, wrongInC atomic.Int64
	var wait sync.WaitGroup
	for g := 0; g < threads; g++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for round := 0; round < rounds; round++ {
				mine := syscall.Errno(1 + g + threads*(round%10))
				same, err := C.meet_with_errno(C.int(mine), threads)
				if err != mine {
					wrong.Add(1)
				}
				if same != 1 {
					wrongInC.Add(1)
				}
				runtime.Gosched()
			}
		}()
	}
	wait.Wait()
	fmt.Printf("%d goroutines at once in C, %d times: wrong errors %d, wrong errno in C %d\n",
		threads, rounds, wrong.Load(), wrongInC.Load())
}
