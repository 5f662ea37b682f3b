//go:build right

package main

// #include "callee.h"
import "C"

func call(a int64) int64 { return int64(C.callee(C.longlong(a))) }
