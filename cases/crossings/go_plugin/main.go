// A Go program that opens a Go plugin, and both have C: who calls whom.
package main

/*
#cgo LDFLAGS: -lpthread
#include "host.h"
struct pair hostGo(int a, double b, int64_t c, float d);
int64_t hostDown(int depth, double d);
*/
import "C"

import (
	"fmt"
	"os"
	"plugin"
	"runtime"
	"unsafe"
)

//export hostGo
func hostGo(a C.int, b C.double, c C.int64_t, d C.float) C.struct_pair {
	if a%50 == 0 {
		runtime.GC()
	}
	return C.struct_pair{n: C.int64_t(a)*1000001 + c, d: b*2 + C.double(d)}
}

var pluginDown unsafe.Pointer

//export hostDown
func hostDown(depth C.int, d C.double) C.int64_t {
	if depth == 0 {
		return C.int64_t(d * 1000)
	}
	return C.call_down(C.down_fn(pluginDown), depth-1, d) + 10
}

func call(f unsafe.Pointer, n int, onThread bool) (int64, float64) {
	if onThread {
		sum := C.call_mixed_on_c_thread(C.mixed_fn(f), C.int(n))
		return int64(sum.n), float64(sum.d)
	}
	sum := C.call_mixed(C.mixed_fn(f), C.int(n))
	return int64(sum.n), float64(sum.d)
}

func right(call func(unsafe.Pointer, int, bool) (int64, float64), f unsafe.Pointer, n int, onThread bool) bool {
	got, d := call(f, n, onThread)
	numbers := n * (n + 1) / 2
	return got == int64(numbers)*1000000 && d == 0.5+float64(numbers)*0.625
}

// lookup gives what the plugin calls `name`.
func lookup[T any](from *plugin.Plugin, name string) T {
	found, err := from.Lookup(name)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return found.(T)
}

func main() {
	work, err := plugin.Open(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("the plugin's init has run:", *lookup[*int](work, "Initialised"))

	theirs := lookup[func() map[string]unsafe.Pointer](work, "Pointers")()
	for _, callee := range []struct {
		name string
		f    unsafe.Pointer
	}{{"the host's C", C.host_c}, {"the host's Go", C.hostGo}, {"the plugin's C", theirs["C"]}, {"the plugin's Go", theirs["Go"]}} {
		for _, caller := range []struct {
			name string
			call func(unsafe.Pointer, int, bool) (int64, float64)
		}{{"the host's C", call}, {"the plugin's C", lookup[func(unsafe.Pointer, int, bool) (int64, float64)](work, "Call")}} {
			fmt.Printf("%s calls %s: %v", caller.name, callee.name, right(caller.call, callee.f, 100, false))
			fmt.Printf(", on a C thread %v", right(caller.call, callee.f, 100, true))
			each := make(chan bool)
			for i := 0; i < 8; i++ {
				go func() { each <- right(caller.call, callee.f, 20, false) }()
			}
			all := true
			for i := 0; i < 8; i++ {
				all = <-each && all
			}
			fmt.Println(", on 8 goroutines", all)
		}
	}

	pluginDown = theirs["Go that goes down"]
	*lookup[*unsafe.Pointer](work, "Other") = C.hostDown
	const depth = 60
	down := int(C.call_down(C.down_fn(C.hostDown), depth, 0))
	fmt.Println("each calls the other,", depth, "deep:", down == 10*depth+501*(depth+1))

	recovers := lookup[func(int, bool) int](work, "Recovers")
	fmt.Printf("60 panics and faults end in callbacks of the plugin: %d, on a C thread %d\n", recovers(60, false), recovers(60, true))
	func() {
		defer func() { fmt.Println("a panic that ends in the host, past C:", recover()) }()
		C.call_mixed(C.mixed_fn(theirs["Go that panics"]), 10)
	}()
	fmt.Println("a C function that both define, called by the host:", C.GoString(C.defined_in()))
	fmt.Println("called by the plugin:", lookup[func() string](work, "DefinedIn")())
}
