// C's data, which C finds by a register that Go must leave alone, before and after callbacks.
package main

// #include "data.h"
import "C"

import "fmt"

var nothing *int

//export goCallback
func goCallback(fault C.int) {
	defer func() { recover() }()
	if fault != 0 {
		*nothing = 1
	}
}

func main() {
	fmt.Println("before:", C.kept() != 0)
	fmt.Println("after a callback:", C.kept_after(0) != 0)
	fmt.Println("after a callback that recovers from a fault:", C.kept_after(1) != 0)
}
