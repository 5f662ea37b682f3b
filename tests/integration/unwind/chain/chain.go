// A chain of calls, C <- Go <- C <- Go and so on, as deep as the first argument says.
package main

// #include "chain.h"
import "C"

import (
	"fmt"
	"os"
	"strconv"
)

var seen int

//export goEnter
func goEnter(left, deepest C.int) { goTwice(1, left, deepest) }

//go:noinline
func goTwice(times int, left, deepest C.int) {
	if times > 0 {
		goTwice(times-1, left, deepest)
	} else {
		goBottom(int(deepest - left))
		C.c_enter(left, deepest)
	}
	seen += times
}

//go:noinline
func goBottom(depth int) { seen += depth }

type fault struct{ where *int }

//go:noinline
func (f *fault) write() { *f.where = 7 }

func main() {
	deepest, _ := strconv.Atoi(os.Args[1])
	if len(os.Args) < 3 {
		goTwice(1, C.int(deepest), C.int(deepest))
	} else {
		act(os.Args[2], C.int(deepest))
	}
	fmt.Println("seen", seen > 0)
}

//go:noinline
func act(what string, deepest C.int) {
	switch what {
	case "thread":
		C.c_thread(deepest)
	case "fault":
		C.c_fault(deepest)
	case "nil":
		(&fault{}).write()
	case "recover":
		recovered()
		C.c_fault(deepest)
	}
	seen++
}

//go:noinline
func recovered() {
	defer func() { fmt.Println("recovered:", recover() != nil) }()
	(&fault{}).write()
}
