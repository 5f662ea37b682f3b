// The Go half: a library for a C program.
package main

/*
#include <stdlib.h>
#include "visit.h"
*/
import "C"

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"unsafe"
)

var initialised C.int

func init() { initialised = 4321 }

//export goInitialised
func goInitialised() C.int { return initialised }

//export goAdd
func goAdd(n C.int64_t, d C.double) C.struct_sum {
	return C.struct_sum{n: n + 1, d: d + 0.5}
}

// Go's own string, int and slice types are structs to C: GoString and GoInt are declared in libcase.h.
//
//export goCount
func goCount(s, sub string) int {
	return strings.Count(s, sub)
}

//export goUpper
func goUpper(s *C.char) *C.char {
	return C.CString(strings.ToUpper(C.GoString(s)))
}

// Call the C program's function for 1..n.
//
//export goVisit
func goVisit(n C.int, f C.visit_fn, user unsafe.Pointer) (sum C.int64_t) {
	for i := C.int(1); i <= n; i++ {
		sum += C.call_visit(f, i, C.double(i)/4, user)
	}
	return sum
}

// The same from n goroutines at a time, while garbage is collected.
//
//export goVisitConcurrently
func goVisitConcurrently(n C.int, f C.visit_fn, user unsafe.Pointer) (sum C.int64_t) {
	var wait sync.WaitGroup
	results := make([]C.int64_t, n)
	for i := range results {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			results[i] = C.call_visit(f, C.int(i+1), C.double(i+1)/4, user)
		}(i)
	}
	runtime.GC()
	wait.Wait()
	for _, r := range results {
		sum += r
	}
	return sum
}

//export goRecovers
func goRecovers() (recovered C.int) {
	defer func() {
		if recover() != nil {
			recovered = 1
		}
	}()
	panic("stays inside")
}

// glibc hands argc and argv to the library's initialiser, which is where os.Args comes from without a Go main.
//
//export goArgumentIs
func goArgumentIs(n C.int, s *C.char) C.int {
	if int(n) < len(os.Args) && os.Args[n] == C.GoString(s) {
		return 1
	}
	return 0
}

func main() {
	println("main of a C library must not run")
}
