// Crosses between C and Go in every way; sentinels_GOARCH.S and clobber are those of conversions/callee_saved.
package main

/*
#cgo LDFLAGS: -lpthread -ldl
#include "ways.h"
*/
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"syscall"
	"unsafe"

	"crossabi.test/case/clobber"
)

const threads = 3

func init() { runtime.LockOSThread() }

func callback(unsafe.Pointer) { clobber.All() }

func quiet(unsafe.Pointer) {}

func deep(n int) int {
	var room [256]byte
	if n == 0 {
		return 0
	}
	room[n%256] = byte(n)
	return deep(n-1) + int(room[n%256]) - n%256
}

//export goDeep
func goDeep() { deep(200) } // the goroutine's stack grows, so it moves

func main() {
	for _, fn := range []func(unsafe.Pointer){callback, quiet} {
		C.sentinels_into_go(C.uintptr_t(reflect.ValueOf(fn).Pointer()))
	}
	moved := make(chan bool)
	go func() { C.call_deep(); moved <- true }()
	<-moved
	for i := 0; i < threads; i++ {
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with it
			clobber.All()
		}()
	}
	C.wait_for_threads(threads)
	arrived := make(chan os.Signal, 4)
	signal.Notify(arrived, syscall.SIGUSR1, syscall.SIGUSR2)
	C.chain(C.int(syscall.SIGUSR1))
	C.sentinels_and_raise(C.int(syscall.SIGUSR1))
	<-arrived
	C.sentinels_and_raise(C.int(syscall.SIGUSR2))
	<-arrived
	fmt.Println("done")
}
