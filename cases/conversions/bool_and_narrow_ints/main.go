// bool and integers narrower than a register, as parameters and results.
package main

// -O2: for cast, the C functions must be leaves without a frame, see direct_cast.

// #cgo CFLAGS: -O2
// #include "narrow.h"
// signed char goS8(signed char);
// unsigned char goU8(unsigned char);
// short goS16(short);
// unsigned short goU16(unsigned short);
// _Bool goBool(_Bool);
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

// As declared: cgo and C know the types, and whoever has to extend a value does.
func declared() {
	fmt.Println("from_s8(-128) =", C.from_s8(-128))
	fmt.Println("from_u8(255) =", C.from_u8(255))
	fmt.Println("from_s16(-32768) =", C.from_s16(-32768))
	fmt.Println("from_u16(65535) =", C.from_u16(65535))
	fmt.Println("from_bool(true) =", C.from_bool(true))

	fmt.Println("to_s8(0x1ff) =", C.to_s8(0x1ff))
	fmt.Println("to_u8(0x1ff) =", C.to_u8(0x1ff))
	fmt.Println("to_s16(0x1ffff) =", C.to_s16(0x1ffff))
	fmt.Println("to_u16(0x1ffff) =", C.to_u16(0x1ffff))
	fmt.Println("to_bool(0x100) =", C.to_bool(0x100))

	fmt.Println("callback: -128 - 1 =", C.call_s8(C.s8_fn(C.goS8)))
	fmt.Println("callback: 255 + 1 =", C.call_u8(C.u8_fn(C.goU8)))
	fmt.Println("callback: -32768 - 1 =", C.call_s16(C.s16_fn(C.goS16)))
	fmt.Println("callback: 65535 + 1 =", C.call_u16(C.u16_fn(C.goU16)))
	fmt.Println("callback: !true =", C.call_bool(C.bool_fn(C.goBool)))
}

// Through a pointer to a function from long to int. What the narrow side leaves
// to the other one shows.
func wide() {
	show := func(call string, f unsafe.Pointer, v C.long) {
		fmt.Println(call, "as wide =", C.call_wide(C.wide_fn(f), v))
	}
	show("from_s8(0x1ff)", C.from_s8, 0x1ff)
	show("from_u8(0x1ff)", C.from_u8, 0x1ff)
	show("from_s16(0x1ffff)", C.from_s16, 0x1ffff)
	show("from_u16(0x1ffff)", C.from_u16, 0x1ffff)
	show("from_bool(0x100)", C.from_bool, 0x100)

	show("to_s8(0x1ff)", C.to_s8, 0x1ff)
	show("to_u8(0x1ff)", C.to_u8, 0x1ff)
	show("to_s16(0x1ffff)", C.to_s16, 0x1ffff)
	show("to_u16(0x1ffff)", C.to_u16, 0x1ffff)
}

// As Go funcs (see direct_cast), with values that are narrowed for the call.

//go:noinline
func callS8(f func(int8) int32, v int64) int32 { return f(int8(v)) }

//go:noinline
func callU8(f func(uint8) int32, v int64) int32 { return f(uint8(v)) }

//go:noinline
func callS16(f func(int16) int32, v int64) int32 { return f(int16(v)) }

//go:noinline
func callU16(f func(uint16) int32, v int64) int32 { return f(uint16(v)) }

func cast() {
	show := func(call string, got, want int32) {
		if got == want {
			fmt.Println(call, "as a Go func =", got)
		} else {
			fmt.Println(call, "as a Go func = wrong")
		}
	}
	// A Go func value points at a word that holds the code pointer: code is one.
	code := unsafe.Pointer(C.from_s8)
	value := unsafe.Pointer(&code)
	show("from_s8(int8(0x1ff))", callS8(*(*func(int8) int32)(unsafe.Pointer(&value)), 0x1ff), -1)
	code = unsafe.Pointer(C.from_u8)
	show("from_u8(uint8(0x1ff))", callU8(*(*func(uint8) int32)(unsafe.Pointer(&value)), 0x1ff), 255)
	code = unsafe.Pointer(C.from_s16)
	show("from_s16(int16(0x1ffff))", callS16(*(*func(int16) int32)(unsafe.Pointer(&value)), 0x1ffff), -1)
	code = unsafe.Pointer(C.from_u16)
	show("from_u16(uint16(0x1ffff))", callU16(*(*func(uint16) int32)(unsafe.Pointer(&value)), 0x1ffff), 65535)
}

func main() {
	map[string]func(){"declared": declared, "wide": wide, "cast": cast}[os.Args[1]]()
}
