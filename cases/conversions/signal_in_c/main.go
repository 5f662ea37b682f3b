// A memory fault in C code that Go called.
package main

/*
#include <stdint.h>
#include "fault.h"

static int read_at(uintptr_t address)
{
	return read_int((const volatile int *)address);
}
*/
import "C"

import "fmt"

func main() {
	// recover does not help: only faults in Go code become panics.
	defer func() { fmt.Println("recovered:", recover()) }()

	good := C.int(1234)
	fmt.Println("read from a variable:", C.read_int(&good))
	fmt.Println("read from address 0x5e8:", C.read_at(0x5e8)) // in the first page, which nobody maps
}
