// Do the registers that C expects to keep, and the caller's frame, survive a call into Go?
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
	"slices"
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
	return slices.Equal(in.bytes[:r.bits/8], out.bytes[:r.bits/8])
}

// lost makes the call with all sentinels in place, and gives the names of the registers that did not come back, and of the words
// above the stack arguments that changed: where they are from the stack pointer at the call.
func lost(call func(in, out *C.slot)) (integers, floats, words string) {
	all := append(append([]register{}, integer...), floating...)
	in, out := &C.slots_in, &C.slots_out // C variables, because only C aligns them
	for i := range in {
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
	for at := 0; at < C.SPACE_BYTES; at += word / 8 {
		i, first := C.REGISTERS+at/C.sizeof_slot, at%C.sizeof_slot
		if last := first + word/8; !slices.Equal(in[i].bytes[first:last], out[i].bytes[first:last]) {
			words += fmt.Sprintf(" sp+%d", above+at)
		}
	}
	return integers, floats, words
}

func report(path string, call func(in, out *C.slot)) {
	say := func(what, lost, good, bad string) {
		result := good
		if lost != "" {
			result = bad + lost
		}
		fmt.Printf("%s, %s: %s\n", path, what, result)
	}
	integers, floats, words := lost(call)
	say("integer callee-saved registers", integers, "all preserved", "lost")
	say("floating callee-saved registers", floats, "all preserved", "lost")
	say("space above the stack arguments", words, "untouched", "changed")
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
	integers, floats, words := lost(func(in, out *C.slot) { C.call_with_sentinels(C.target_fn(C.lose_last), 0, in, out) })
	fmt.Println("registers lost on purpose are reported by name:", integers == last(integer) && floats == last(floating))
	highest := fmt.Sprintf(" sp+%d", above+C.SPACE_BYTES-word/8)
	fmt.Println("a word written on purpose is reported by its place:", words == highest)
}
