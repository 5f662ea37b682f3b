#include "textflag.h"

// func Call(code unsafe.Pointer, a int64) (result int64)
// The frame is what C may use below the one that it would have: C preserves R19 and R28, which is g.
TEXT ·Call(SB), 0, $4096-24
	MOVD code+0(FP), R9
	MOVD a+8(FP), R0
	CALL (R9)
	MOVD R0, result+16(FP)
	RET
