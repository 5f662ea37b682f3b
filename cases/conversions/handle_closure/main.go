// Go closures as callbacks: C carries a cgo.Handle as user data, and one exported function turns it back into the closure.
package main

/*
#include "each.h"

void callWord(int, uintptr_t);
void callPointer(int, void *);
*/
import "C"

import (
	"fmt"
	"runtime"
	"runtime/cgo"
	"unsafe"
)

//export callWord
func callWord(value C.int, user C.uintptr_t) {
	cgo.Handle(user).Value().(func(int))(int(value))
}

// The handle itself is an integer and must not be cast to void *: user points at a variable that holds it.
//
//export callPointer
func callPointer(value C.int, user unsafe.Pointer) {
	(*(*cgo.Handle)(user)).Value().(func(int))(int(value))
}

func each(n int, visit func(int)) {
	h := cgo.NewHandle(visit)
	defer h.Delete()
	C.each_word(C.int(n), C.word_fn(C.callWord), C.uintptr_t(h))
}

func eachPointer(n int, visit func(int)) {
	h := cgo.NewHandle(visit)
	defer h.Delete()
	C.each_pointer(C.int(n), C.pointer_fn(C.callPointer), unsafe.Pointer(&h))
}

func main() {
	sum := 0
	each(5, func(v int) { sum += v })
	fmt.Println("sum of 1..5, handle in uintptr_t:", sum)

	product := 1
	eachPointer(5, func(v int) { product *= v })
	fmt.Println("product of 1..5, handle behind void *:", product)

	// A closure that calls C with another closure: two handles are alive at a time.
	table := 0
	each(3, func(i int) {
		each(3, func(j int) { table += i * j })
	})
	fmt.Println("sum of the 3 by 3 multiplication table, nested:", table)

	// Only the handle holds this closure and what it captured while C runs.
	var seen []string
	each(3, func(v int) {
		runtime.GC()
		seen = append(seen, fmt.Sprintf("v%d", v*1111))
	})
	fmt.Println("captured slice, a collection in every call:", seen)

	func() {
		defer func() { fmt.Println("Value of a deleted handle panics:", recover()) }()
		h := cgo.NewHandle(func(int) {})
		h.Delete()
		C.each_word(1, C.word_fn(C.callWord), C.uintptr_t(h))
	}()
}
