// Go calls C calls Go calls C ..., ten levels of each, and the stack grows and garbage is collected on the way.
package main

/*
#include "nest.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

const depth = 10

// A node is reachable only from the Go frame of its level while the levels below collect garbage.
type node struct {
	level C.int
	text  string
	next  *node
}

//export goLevel
func goLevel(level C.int, fraction C.double) C.int64_t {
	if fraction != 0.125*C.double(level) {
		fmt.Printf("level %d, argument: wrong\n", level)
	}
	if level > depth {
		// The bottom: everything above is suspended in C.
		runtime.GC()
		return 1000000000000
	}

	local := [8]int64{int64(level), 22, 33, 44, 55, 66, 77, int64(level) * 88}
	n := &node{level: level, text: fmt.Sprintf("level-%d", level), next: &node{level: -level}}
	if level == depth/2 {
		growAndCollect()
	}

	var intact C.int
	result := C.down(level, fraction, &intact)

	if level == depth/2 {
		growAndCollect()
	}
	fmt.Printf("level %d, C's locals intact: %v\n", level, intact == 1)
	fmt.Printf("level %d, Go's locals intact: %v\n", level, local == [8]int64{int64(level), 22, 33, 44, 55, 66, 77, int64(level) * 88})
	fmt.Printf("level %d, Go's heap intact: %v\n", level, *n.next == node{level: -level} && n.text == fmt.Sprintf("level-%d", level))
	return result + 1000000*C.int64_t(level)
}

// growAndCollect makes the goroutine's stack grow by a megabyte, that is move, while C frames refer to the Go frames above
// them (runtime.cgocall's argument frames lie on it), and collects garbage there.
func growAndCollect() {
	if grow(256) != 256 {
		panic("grow")
	}
}

//go:noinline
func grow(n int) int {
	var page [4096]byte
	page[n] = 1
	if n == 0 {
		runtime.GC()
		return int(page[n]) - 1
	}
	return grow(n-1) + int(page[n])
}

// where says where the stack is; an integer keeps the local from escaping to the heap.
func where(local *int) uintptr {
	return uintptr(unsafe.Pointer(local))
}

func main() {
	// A goroutine of its own, whose stack starts small: main's may have grown before.
	done := make(chan bool)
	go func() {
		var local int
		before := where(&local)
		result := goLevel(1, 0.125)
		fmt.Println("the goroutine's stack moved under the C frames:", where(&local) != before)
		if result == 1000000000000+55*1000000+55 {
			fmt.Println("result of all levels:", result)
		} else {
			fmt.Println("result of all levels: wrong")
		}
		close(done)
	}()
	<-done
}
