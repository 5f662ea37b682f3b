// A Go panic that goes through C frames.
package main

/*
#include "frames.h"
*/
import "C"

import (
	"fmt"
	"os"
)

var deferred int

//export goPanic
func goPanic(number C.int) {
	defer func() { deferred++ }()
	panic(fmt.Sprintf("panic %d through C", number))
}

// outer calls C, which calls Go, which panics; it gives back what it recovered.
func outer(number int) (recovered any) {
	local := [3]int{11, number, 33}
	defer func() {
		recovered = recover()
		if local != [3]int{11, number, 33} {
			recovered = "the local variables of outer: wrong"
		}
	}()
	C.call_panicking(C.int(number))
	return "no panic"
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "unrecovered" {
		fmt.Println("before the panic")
		C.call_panicking(1)
		fmt.Println("after the panic")
		return
	}

	fmt.Println("recovered by the outer Go function:", outer(1))
	fmt.Println("deferred calls made in the inner Go function:", deferred)
	fmt.Println("C frames left by returning:", C.returned)

	// The C frames have to be given back too: 1,000 times 64 KiB are more than any thread's stack.
	recovered := 0
	for i := 1; i <= 1000; i++ {
		if outer(i) == fmt.Sprintf("panic %d through C", i) {
			recovered++
		}
	}
	fmt.Println("recovered of 1000 panics:", recovered)
	fmt.Println("C frames left by returning:", C.returned)
}
