package main

/*
#include "calls.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"strings"
)

var (
	trail  []string // the deferred functions of one goroutine, in the order in which they ran
	leaves int

	stacks = map[where]C.uintptr_t{} // where C's stack was the first time
	moved  int
)

// One thread's C stack is at the same place each time that as many callbacks are below.
type where struct{ thread, outermost, depth C.int }

var atEnd = func() {} // what a callback does last

var deepest C.int // the depth that the outermost callback was given

// Each callback but the innermost calls C again; the innermost ends the goroutine with all the C frames below it.
//
//export goLeave
func goLeave(depth, thread C.int, at C.uintptr_t) {
	leaves++
	here := where{thread, deepest, depth}
	if first, known := stacks[here]; !known {
		stacks[here] = at
	} else if first != at {
		moved++
	}
	defer func() {
		if r := recover(); r != nil {
			trail = append(trail, fmt.Sprint("recovered ", r))
		}
		trail = append(trail, fmt.Sprint("callback ", depth))
		atEnd()
	}()
	if depth > 1 {
		C.call_leave(depth - 1)
		trail = append(trail, "came back")
		return
	}
	defer func() {
		recovers()
		ways = waysOf["panic"]
		nested(0)
		trail = append(trail, "deferred: panic and callback")
	}()
	runtime.Goexit()
}

func recovers() {
	defer func() { recover() }()
	panic("in a deferred function of Goexit")
}

// outermost has C call goLeave on a goroutine that ends there.
func outermost(depth C.int) {
	deepest = depth
	done := make(chan bool)
	go func() {
		defer close(done)
		defer func() { trail = append(trail, fmt.Sprint("goroutine, recover gives ", recover())) }()
		C.call_leave(depth)
		trail = append(trail, "came back")
	}()
	<-done
}

func goexit() {
	before := runtime.NumGoroutine()
	outermost(1)
	fmt.Println("out of one callback:", strings.Join(trail, "; "))
	trail = nil
	outermost(4)
	fmt.Println("out of four:", strings.Join(trail, "; "))
	first := strings.Join(trail, "; ")

	leaves = 0
	different := 0
	for i := 0; i < 300; i++ {
		trail = nil
		outermost(4)
		if strings.Join(trail, "; ") != first {
			different++
		}
	}
	for runtime.NumGoroutine() > before {
		runtime.Gosched() // one that never ends is a time-out of the whole program
	}
	fmt.Printf("300 goroutines: callbacks %d, otherwise than the first %d, C's stack moved %d times\n", leaves, different, moved)
}
