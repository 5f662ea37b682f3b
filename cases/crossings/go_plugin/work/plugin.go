// The plugin: Go and C that the host has never seen.
package main

/*
#cgo LDFLAGS: -lpthread
#include "plugin.h"
struct pair pluginGo(int a, double b, int64_t c, float d);
struct pair pluginPanics(int a, double b, int64_t c, float d);
int64_t pluginDown(int depth, double d);
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// Initialised is for the host to read.
var Initialised int

func init() { Initialised = 4321 }

// Pointers gives the plugin's functions to the host.
func Pointers() map[string]unsafe.Pointer {
	return map[string]unsafe.Pointer{
		"C": C.plugin_c, "Go": C.pluginGo, "Go that panics": C.pluginPanics, "Go that goes down": C.pluginDown,
	}
}

// Call has the plugin's C call f n times.
func Call(f unsafe.Pointer, n int, onThread bool) (int64, float64) {
	if onThread {
		sum := C.call_mixed_on_c_thread(C.mixed_fn(f), C.int(n))
		return int64(sum.n), float64(sum.d)
	}
	sum := C.call_mixed(C.mixed_fn(f), C.int(n))
	return int64(sum.n), float64(sum.d)
}

//export pluginGo
func pluginGo(a C.int, b C.double, c C.int64_t, d C.float) C.struct_pair {
	if a%50 == 0 {
		runtime.GC()
	}
	return C.struct_pair{n: C.int64_t(a)*1000001 + c, d: b*2 + C.double(d)}
}

//export pluginPanics
func pluginPanics(a C.int, b C.double, c C.int64_t, d C.float) C.struct_pair {
	if a == 5 {
		panic("the plugin's")
	}
	return C.struct_pair{}
}

// Other is the host's function that pluginDown has C call; the host sets it.
var Other unsafe.Pointer

//export pluginDown
func pluginDown(depth C.int, d C.double) C.int64_t {
	if depth == 0 {
		return C.int64_t(d * 1000)
	}
	return C.call_down(C.down_fn(Other), depth-1, d) + room(int(depth))
}

// room uses stack, so that it is moved with frames of both modules, and C's between them, and gives 10.
func room(n int) C.int64_t {
	var space [32]C.int64_t
	if n > 0 {
		space[n%len(space)] = room(n - 1)
	}
	return 10 + space[(n+1)%len(space)]
}

var none *struct{ first, second int }

//export pluginRecovers
func pluginRecovers(number C.int) (recovered C.int) {
	defer func() {
		if recover() != nil {
			recovered = 1
		}
	}()
	switch number % 3 {
	case 0:
		panic(number)
	case 1:
		none.second = 5
	case 2:
		panic(room(int(number)))
	}
	return 1000
}

// Recovers says how many of so many panics and faults end in the callback.
func Recovers(times int, onThread bool) int {
	if onThread {
		return int(C.recover_often_on_c_thread(C.int(times)))
	}
	return int(C.recover_often(C.int(times)))
}

// DefinedIn asks C's defined_in.
func DefinedIn() string { return C.GoString(C.defined_in()) }

func main() {
	println("main of a plugin must not run")
}
