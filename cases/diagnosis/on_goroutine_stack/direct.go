//go:build !right

package main

// #include "callee.h"
import "C"

import "crossabi.test/case/low"

func call(a int64) int64 { return low.Call(C.callee_at(), a) }
