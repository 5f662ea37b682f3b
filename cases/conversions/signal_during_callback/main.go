// A signal arrives in the middle of a callback from C.
package main

/*
#cgo LDFLAGS: -lpthread
#include "signals.h"
*/
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const realTime = syscall.Signal(40) // between SIGRTMIN and SIGRTMAX everywhere; glibc and Go keep 32 to 34

var (
	signals = make(chan os.Signal, 10)
	saw     bool // os/signal gave the callback the signal that was sent
)

//export goCallback
func goCallback(place C.enum_place, sig C.int, quarter C.double) C.int64_t {
	local := int64(sig) * 1000
	switch place {
	case C.IN_GO:
		// A system call: the signal is delivered on the way out of it, on this goroutine's stack.
		if err := syscall.Tgkill(syscall.Getpid(), syscall.Gettid(), syscall.Signal(sig)); err != nil {
			panic(err)
		}
	case C.IN_C_CALLED_BY_GO:
		C.raise_here(sig)
	}
	saw = <-signals == syscall.Signal(sig) // a signal that never comes is a time-out of the whole program
	return C.int64_t(local) + C.int64_t(quarter*4)
}

func report(name string, sig syscall.Signal, where string, outcome C.struct_outcome) {
	result := "wrong"
	if outcome.result == C.int64_t(sig)*1000+1 {
		result = "right"
	}
	fmt.Printf("%s %s, seen by os/signal: %v\n", name, where, saw)
	fmt.Printf("%s %s, callback's result: %s\n", name, where, result)
	fmt.Printf("%s %s, C's locals intact: %v\n", name, where, outcome.locals_intact == 1)
}

func main() {
	signal.Notify(signals, syscall.SIGUSR1, realTime)

	const usr1, rt = syscall.SIGUSR1, realTime
	report("SIGUSR1", usr1, "in Go, in a callback", C.call_go(C.IN_GO, C.int(usr1)))
	report("SIGUSR1", usr1, "in C called by a callback", C.call_go(C.IN_C_CALLED_BY_GO, C.int(usr1)))
	report("SIGUSR1", usr1, "in C before a callback", C.call_go(C.IN_C, C.int(usr1)))

	report("SIGUSR1", usr1, "on a C thread, in Go, in a callback", C.call_go_on_c_thread(C.IN_GO, C.int(usr1)))
	report("SIGUSR1", usr1, "on a C thread, in C called by a callback", C.call_go_on_c_thread(C.IN_C_CALLED_BY_GO, C.int(usr1)))
	report("SIGUSR1", usr1, "on a C thread, in C before a callback", C.call_go_on_c_thread(C.IN_C, C.int(usr1)))

	report("real-time signal", rt, "in Go, in a callback", C.call_go(C.IN_GO, C.int(rt)))
	report("real-time signal", rt, "on a C thread, in Go, in a callback", C.call_go_on_c_thread(C.IN_GO, C.int(rt)))

	fmt.Println("signals left over:", len(signals))
}
