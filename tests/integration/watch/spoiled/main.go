package main

// #include <stdint.h>
// void *spoiler(int);
import "C"

import (
	"fmt"
	"os"
	"strconv"
	"unsafe"
)

//go:linkname cgocall runtime.cgocall
func cgocall(fn, arg unsafe.Pointer) int32

func main() {
	number, _ := strconv.Atoi(os.Args[1])
	cgocall(C.spoiler(C.int(number)), nil)
	fmt.Println("done")
}
