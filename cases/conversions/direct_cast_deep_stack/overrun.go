package main

// #include "deep.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// overrun does what measure only measures: deep, as a Go func, writes its 64 KiB below a stack of a few.
// What lies there belongs to the runtime or to other goroutines, and all of them are then put to work.
func overrun() {
	done := make(chan int)
	go func() {
		code := C.deep_address()
		value := unsafe.Pointer(&code)
		deep := *(*func() int32)(unsafe.Pointer(&value))
		done <- int(deep())
	}()
	right := <-done
	for i := 0; i < 100; i++ {
		go func() { done <- 0 }()
		runtime.GC()
		<-done
	}
	fmt.Println("survived; bytes of 65536 that C got on its stack:", right)
}
