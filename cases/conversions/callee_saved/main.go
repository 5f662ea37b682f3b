// Do the registers that C expects to keep survive a call into Go?
package main

/*
#cgo LDFLAGS: -lpthread
#include "sentinels.h"

void goWrapped(uintptr_t, void *, int, size_t);
*/
import "C"

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"crossabi.test/case/clobber"
)

// A register by its C name, and how many bits of it are preserved.
type register struct {
	name string
	bits int
}

const word = 8 * int(unsafe.Sizeof(uintptr(0)))

func registers(bits int, names string) []register {
	var list []register
	for _, name := range strings.Fields(names) {
		list = append(list, register{name, bits})
	}
	return list
}

var callbacks int

// Go code that uses every register it may use.
func callback(unsafe.Pointer) {
	clobber.All()
	callbacks++
}

//export goWrapped
func goWrapped(C.uintptr_t, unsafe.Pointer, C.int, C.size_t) {
	callback(nil)
}

// sentinel is different for every register, so that two swapped ones are lost as well.
func sentinel(n int) C.slot {
	var s C.slot
	for i := range s.bytes {
		s.bytes[i] = C.uchar(0x11*i ^ n*0x4d ^ 0x5a)
	}
	s.bytes[0] = C.uchar(n) // a condition register field holds four bits, which must differ from clobber's 1111
	return s
}

func preserved(r register, in, out C.slot) bool {
	if r.bits < 8 {
		mask := C.uchar(1)<<r.bits - 1
		return in.bytes[0]&mask == out.bytes[0]&mask
	}
	for i := 0; i < r.bits/8; i++ {
		if in.bytes[i] != out.bytes[i] {
			return false
		}
	}
	return true
}

// lost makes the call with all sentinels in place, and gives the names of the registers that did not come back.
func lost(call func(in, out *C.slot)) (integers, floats string) {
	all := append(append([]register{}, integer...), floating...)
	in, out := &C.slots_in, &C.slots_out // C variables, because only C aligns them
	for i := range all {
		in[i], out[i] = sentinel(i), C.slot{}
	}
	call(&in[0], &out[0])
	for i, r := range all {
		switch {
		case preserved(r, in[i], out[i]):
		case i < len(integer):
			integers += " " + r.name
		default:
			floats += " " + r.name
		}
	}
	return integers, floats
}

func report(path string, call func(in, out *C.slot)) {
	say := func(class, lost string) {
		result := " all preserved"
		if lost != "" {
			result = " lost" + lost
		}
		fmt.Printf("%s, %s callee-saved registers:%s\n", path, class, result)
	}
	integers, floats := lost(call)
	say("integer", integers)
	say("floating", floats)
}

func last(list []register) string {
	if len(list) == 0 {
		return ""
	}
	return " " + list[len(list)-1].name
}

func main() {
	// crosscall2's fn is the entry of an ABIInternal func(unsafe.Pointer); cgo's own are such functions too.
	fn := C.uintptr_t(reflect.ValueOf(callback).Pointer())
	crosscall2 := C.crosscall2_target()

	report("crosscall2", func(in, out *C.slot) { C.call_with_sentinels(crosscall2, fn, in, out) })
	// The C thread gets its M from needm on this path.
	report("crosscall2 on a C thread", func(in, out *C.slot) { C.call_on_c_thread(crosscall2, fn, in, out) })
	report("exported function", func(in, out *C.slot) { C.call_with_sentinels(C.target_fn(C.goWrapped), 0, in, out) })
	report("_cgo_topofstack", func(in, out *C.slot) { C.call_with_sentinels(C.topofstack_target(), 0, in, out) })

	fmt.Println("callbacks that ran:", callbacks)

	// The check itself is checked: what is lost on purpose has to be named, and nothing else.
	integers, floats := lost(func(in, out *C.slot) { C.call_with_sentinels(C.target_fn(C.lose_two), 0, in, out) })
	fmt.Println("registers lost on purpose are reported by name:", integers == last(integer) && floats == last(floating))
}
