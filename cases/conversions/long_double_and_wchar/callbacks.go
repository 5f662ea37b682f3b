//go:build !by_value

package main

// #include "types.h"
import "C"

import "unsafe"

//export goByAddress
func goByAddress(x unsafe.Pointer) { C.add_to(x, 4.25) }

//export goWide
func goWide(w C.wchar_t) C.wchar_t { return w - 1 }
