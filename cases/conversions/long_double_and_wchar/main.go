//go:build !by_value

// What long double and wchar_t are, and how they get through function pointers.
package main

// #include "types.h"
// void goByAddress(void *);
// wchar_t goWide(wchar_t);
import "C"

import (
	"fmt"
	"reflect"
)

func main() {
	fmt.Println("long double: size =", C.LONG_DOUBLE_SIZE)
	fmt.Println("long double: alignment =", C.LONG_DOUBLE_ALIGN)
	fmt.Println("long double: mantissa digits =", C.LONG_DOUBLE_DIGITS)

	// C.mixed, even without a call, would have cgo look at its parameters: see by_value.
	fmt.Println("long double through a C callback: mixed(1, 2.5, 3, 4.25) =", C.call_mixed(C.mixed_pointer()))
	fmt.Println("long double through a Go callback, by address: 2.5 + 4.25 =", C.call_by_address(C.by_address_fn(C.goByAddress)))

	wide := C.minus_one()
	fmt.Println("wchar_t: size =", C.sizeof_wchar_t)
	fmt.Println("wchar_t: Go kind =", reflect.TypeOf(wide).Kind())
	fmt.Println("wchar_t: (wchar_t)-1 =", int64(wide))
	fmt.Println("wchar_t through a Go callback: (wchar_t)-1 - 1 =", int64(C.call_wide(C.wide_fn(C.goWide), wide)))
	fmt.Println("wchar_t through a Go callback: L'\\U0001F600' - 1 =", int64(C.call_wide(C.wide_fn(C.goWide), 0x1f600)))
}
