//go:build by_value

// A C function with a long double parameter, called from Go.
package main

// #include "types.h"
import "C"

import "fmt"

func main() {
	fmt.Println("mixed(1, 2.5, 3, 4.25) =", C.mixed(1, 2.5, 3, 4.25))
}
