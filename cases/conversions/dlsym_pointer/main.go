// Function pointers that come from dlsym at run time.
package main

// #cgo LDFLAGS: -ldl
// #include <dlfcn.h>
// #include <stdlib.h>
// #include "call.h"
// int plusFive(int);
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

var library unsafe.Pointer

func symbol(name string) unsafe.Pointer {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	return C.dlsym(library, c)
}

func main() {
	path := C.CString(os.Args[1])
	defer C.free(unsafe.Pointer(path))
	if library = C.dlopen(path, C.RTLD_NOW|C.RTLD_LOCAL); library == nil {
		fmt.Println("dlopen:", C.GoString(C.dlerror()))
		os.Exit(1)
	}

	// A conversion from a data pointer (void *) to a pointer to code, which POSIX
	// requires to work. Only C calls what comes of it.
	triple := symbol("triple")
	fmt.Println("triple(14) =", C.call_triple(C.triple_fn(triple), 14))
	fmt.Println("mixed(1111, 1001.5, 2222, 2002.25) =",
		C.call_mixed(C.mixed_fn(symbol("mixed")), 1111, 1001.5, 2222, 2002.25))

	// Pointers as arguments of such a function: one from dlsym, one to Go.
	applyTwice := C.apply_fn(symbol("apply_twice"))
	fmt.Println("apply_twice(triple, 2) =", C.call_apply(applyTwice, C.triple_fn(triple), 2))
	fmt.Println("apply_twice(plusFive, 2) =", C.call_apply(applyTwice, C.triple_fn(C.plusFive), 2))

	fmt.Println("a symbol that is not there =", symbol("quadruple"))
	fmt.Println("dlclose =", C.dlclose(library))
}
