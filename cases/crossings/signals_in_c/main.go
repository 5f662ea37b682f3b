// SIGURG and SIGPROF, which the runtime sends to itself, landing in C.
package main

/*
#cgo LDFLAGS: -lpthread
#include "signals.h"
*/
import "C"

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"syscall"
)

//export goNothing
func goNothing() {}

var busy = make(chan int)

//export goBusy
func goBusy(thread C.int) { busy <- int(thread) }

func report(where string, k C.struct_kept) {
	fmt.Printf("%s: signals %d, wrong values in C %d\n", where, k.signals, k.wrong)
}

func raised(name string, sig syscall.Signal) {
	report(name+" raised in C called by Go", C.raise_often(C.int(sig), 200))
	report(name+" raised on a C thread that Go does not know", C.raise_often_on_c_thread(C.int(sig), 200, 0))
	report(name+" raised on a C thread after a callback", C.raise_often_on_c_thread(C.int(sig), 200, 1))
}

// sent sends signals to a thread that is busy in C, one after the other, each when os/signal has seen the one before.
func sent(times int) {
	seen := make(chan os.Signal, 100)
	signal.Notify(seen, syscall.SIGURG)
	defer signal.Stop(seen)
	done := make(chan C.struct_kept)
	go func() { done <- C.compute() }()
	thread := <-busy
	count := 0
	for ; count < times; count++ {
		if err := syscall.Tgkill(syscall.Getpid(), thread, syscall.SIGURG); err != nil {
			panic(err)
		}
		<-seen
		if count%20 == 0 {
			runtime.GC() // stops all goroutines, but not C
		}
	}
	C.stop_computing()
	k := <-done
	k.signals = C.int(count)
	report("SIGURG sent by Go to a thread that is busy in C", k)
}

func main() {
	runtime.LockOSThread()
	if os.Args[1] == "urgent" {
		raised("SIGURG", syscall.SIGURG)
		sent(100)
		C.handle_urgent() // from now on the runtime's preemption lands in C's handler
		C.raise_often(C.int(syscall.SIGURG), 50)
		fmt.Println("C's own handler, installed last, got all:", C.handled >= 50)
		for i := 0; i < 3; i++ {
			runtime.GC()
		}
		fmt.Println("the collector works without Go's handler: true")
		return
	}
	raised("SIGPROF, without a profile,", syscall.SIGPROF)
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		panic(err)
	}
	raised("SIGPROF, with a profile,", syscall.SIGPROF)
	pprof.StopCPUProfile()
	text, err := gzip.NewReader(&profile)
	if err != nil {
		panic(err)
	}
	all, err := io.ReadAll(text)
	if err != nil {
		panic(err)
	}
	fmt.Println("the profile names the Go function that called C:", bytes.Contains(all, []byte("main._Cfunc_raise_often")))
}
