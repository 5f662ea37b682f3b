// A Go func value handed to C as if it were a pointer to code.
package main

// typedef void (*fn)(void);
// static void call(fn f) { f(); }
import "C"

import (
	"fmt"
	"os"
	"strings"
	"unsafe"
)

func hello() { fmt.Println("hello") }

// A func value is not the address of code but of a funcval, whose first word is.
func funcval(f func()) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&f)) }

// executable tells whether p points into executable memory.
func executable(p unsafe.Pointer) bool {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(maps), "\n") {
		var from, to uintptr
		var flags string
		if fmt.Sscanf(line, "%x-%x %s", &from, &to, &flags); from <= uintptr(p) && uintptr(p) < to {
			return strings.Contains(flags, "x")
		}
	}
	panic("not mapped")
}

func main() {
	n := len(os.Args)
	closure := func() { fmt.Println(n) }

	switch os.Args[1] {
	case "where":
		fmt.Println("the funcval of a function is in executable memory:", executable(funcval(hello)))
		fmt.Println("the funcval of a closure is in executable memory:", executable(funcval(closure)))

	case "call":
		// Only the closure, which is on the heap. Where the funcval of a function is
		// executable, C would execute the bytes of an address, whatever they mean.
		println("funcval", funcval(closure)) // to stderr, where the PC will be
		fmt.Println("C calls the closure")
		C.call(C.fn(funcval(closure)))
		fmt.Println("C returned")
	}
}
