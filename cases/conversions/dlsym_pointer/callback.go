package main

import "C"

//export plusFive
func plusFive(x C.int) C.int { return x + 5 }
