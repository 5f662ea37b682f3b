package main

// #include <stdbool.h>
import "C"

//export goS8
func goS8(v C.schar) C.schar { return v - 1 } // wraps around

//export goU8
func goU8(v C.uchar) C.uchar { return v + 1 }

//export goS16
func goS16(v C.short) C.short { return v - 1 }

//export goU16
func goU16(v C.ushort) C.ushort { return v + 1 }

//export goBool
func goBool(v C.bool) C.bool { return !v }
