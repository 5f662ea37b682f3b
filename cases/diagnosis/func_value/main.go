// A func value of Go that C calls as the address of code, and the address of C code that Go calls as a func value.
package main

// typedef void (*fn)(void);
// static void call(fn f) { f(); }
// static void hello(void) { }
// static fn address(void) { return hello; }
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

func funcval(f func()) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&f)) }

//go:noinline
func call(f func()) { f() }

func main() {
	count := len(os.Args)
	closure := func() { fmt.Println(count, "arguments") }
	address := C.address()

	switch os.Args[1] {
	case "few": // a closure, which is on the heap; the funcval of a function may be executable
		C.call(C.fn(funcval(closure)))
	case "many":
		call(*(*func())(unsafe.Pointer(&address)))
	case "right":
		C.call(address)
		call(closure)
	}
}
