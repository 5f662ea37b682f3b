// The floating-point environment of C, across calls of Go.
package main

/*
#cgo CFLAGS: -frounding-math
#cgo LDFLAGS: -lm -lpthread
#include "fp.h"
*/
import "C"

import (
	"fmt"
	"math"
	"os"
	"runtime"
)

// What a callback does besides its divisions.
const (
	nothing  = iota
	blocks   // on another goroutine, while garbage is collected
	recovers // from a fault, that is after a signal
	nests    // calls C, which sets another mode, calls Go, and takes the mode back
	whats
)

var (
	one, three, ten = 1.0, 3.0, 10.0
	smallest        = 0x1p-1022 // of the normal doubles
	none            *int
	does            string // how Go's arithmetic was in the last callback
)

// arithmetic says how this thread rounds in Go.
func arithmetic() string {
	if x, y := one*2.7, -one*2.7; int64(x) != 2 || int64(y) != -2 {
		return "converts to integers wrongly"
	}
	if smallest/4 == 0 {
		return "flushes to zero"
	}
	switch up, down, below := one/three, one/ten, -one/ten; [3]uint64{
		math.Float64bits(up) & 0xf, math.Float64bits(down) & 0xf, math.Float64bits(below) & 0xf,
	} {
	case [3]uint64{5, 0xa, 0xa}:
		return "rounds to nearest"
	case [3]uint64{6, 0xa, 9}:
		return "rounds up"
	case [3]uint64{5, 9, 0xa}:
		return "rounds down"
	case [3]uint64{5, 9, 9}:
		return "rounds toward zero"
	}
	return "rounds in no known way"
}

//export goCallback
func goCallback(what C.int) {
	before := arithmetic()
	switch what {
	case blocks:
		done := make(chan bool)
		go func() {
			runtime.GC()
			close(done)
		}()
		<-done
	case recovers:
		func() {
			defer func() { recover() }()
			*none = 1
		}()
	case nests:
		C.call_go(C.TOWARD_ZERO, nothing)
	}
	does = before
	if after := arithmetic(); after != before {
		does += ", then " + after
	}
}

var modes = [...]string{"to nearest", "up", "down", "toward zero", "flushing", "unknown"}

func report(where string, k C.struct_kept) {
	yes := map[C.int]string{0: "CHANGED", 1: "kept"}
	fmt.Printf("%s: Go %s; in C after it: rounding %s, control bits %s, divisions %s, values %s\n",
		where, does, modes[k.mode], yes[k.same], yes[k.divides], yes[k.values])
	does = "was not called"
}

func inMode(mode C.enum_mode) {
	texts := [whats]string{"a callback", "one that blocks", "one that recovers from a fault", "one with another mode inside"}
	for what, text := range texts {
		report("set "+modes[mode]+", "+text, C.call_go(mode, C.int(what)))
	}
	report("set "+modes[mode]+", first callback on a C thread", C.call_go_on_c_thread(mode, nothing, 1))
	report("set "+modes[mode]+", third callback on a C thread", C.call_go_on_c_thread(mode, nothing, 3))
}

func init() {
	runtime.LockOSThread()
}

func main() {
	other := make(chan string)
	go func() { // a thread of its own, made before any mode is set
		runtime.LockOSThread()
		for range other {
			other <- arithmetic()
		}
	}()
	other <- ""
	<-other

	if os.Args[1] == "rounding" {
		for mode := C.enum_mode(C.UPWARD); mode <= C.TOWARD_ZERO; mode++ {
			inMode(mode)
		}
		C.leave_with(C.UPWARD)
		here := arithmetic()
		other <- ""
		fmt.Printf("C returned with rounding up: Go %s there, and %s on another thread\n", here, <-other)
		C.leave_as_at_first()
		return
	}
	if os.Args[1] == "flushing" {
		inMode(C.FLUSHING)
		C.leave_with(C.FLUSHING)
		here := arithmetic()
		other <- ""
		fmt.Printf("C returned with flushing: Go %s there, and %s on another thread\n", here, <-other)
		C.leave_as_at_first()
		return
	}
	// os.Args[1] == "start"
	start := func(where string, as C.int) {
		yes := map[bool]string{false: "DIFFERENT", true: "the same"}
		fmt.Printf("%s, against C before Go started: control bits %s, 1/3 as a long double %s\n", where, yes[as&1 != 0], yes[as&2 != 0])
	}
	start("in C called by Go, first thread", C.as_before_go())
	threads := make(chan C.int)
	go func() {
		runtime.LockOSThread()
		threads <- C.as_before_go()
	}()
	start("in C called by Go, another thread", <-threads)
	start("on a C thread, no callback yet", C.as_before_go_on_c_thread(0))
	start("on a C thread, after a callback", C.as_before_go_on_c_thread(1))
	start("on a C thread, after three", C.as_before_go_on_c_thread(3))
}
