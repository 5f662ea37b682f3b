#include "textflag.h"

// func Call(code unsafe.Pointer, a int64) (result int64)
// The frame is what C may use, and R12 what it preserves.
TEXT ·Call(SB), 0, $4096-24
	MOVQ code+0(FP), AX
	MOVQ a+8(FP), DI
	MOVQ SP, R12
	ADDQ $4096, SP
	ANDQ $~15, SP
	CALL AX
	MOVQ R12, SP
	MOVQ AX, result+16(FP)
	RET
