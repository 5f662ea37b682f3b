// The runtime asks C for C's part of a traceback: runtime.SetCgoTraceback with functions that unwind and name frames.
package main

/*
#cgo CFLAGS: -fno-optimize-sibling-calls
#cgo LDFLAGS: -rdynamic -static-libgcc -ldl
#include "frames.h"
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

func init() {
	runtime.SetCgoTraceback(0, C.traceback_function, C.context_function, C.symbolizer_function)
}

// goCallback calls C again as often as left says; the innermost one does what was asked for.
//
//export goCallback
func goCallback(left C.int, what C.int) {
	switch {
	case left > 0:
		C.c_outer(left-1, what)
	case what == C.PANICS:
		panic("in the innermost callback")
	default:
		fmt.Println("frames:", strings.Join(frames(), " < "))
	}
}

// frames names what runs, innermost first: this program's Go and C, without what cgo makes between them.
func frames() []string {
	pcs := make([]uintptr, 100)
	rows := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var names []string
	for {
		row, more := rows.Next()
		own := strings.HasPrefix(row.Function, "main.") && !strings.HasPrefix(row.Function, "main._C")
		if own || strings.HasPrefix(row.Function, "c_") {
			names = append(names, strings.TrimPrefix(row.Function, "main."))
		}
		if !more {
			return names
		}
	}
}

func main() {
	what := os.Args[1]
	switch what {
	case "frames":
		for depth := C.int(0); depth < 3; depth++ {
			C.c_outer(depth, C.LISTS)
		}
		done := make(chan bool)
		go func() {
			C.c_outer(0, C.LISTS)
			done <- true
		}()
		<-done
		C.c_on_a_thread(1, C.LISTS)
		fmt.Println("contexts that were made and not given back:", C.contexts())
	case "panic":
		C.c_outer(1, C.PANICS)
	case "fault":
		C.c_fault()
	}
}
