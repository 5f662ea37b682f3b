#include "textflag.h"

// R29 is kept: Go's frames are chained by it. R28 is g, R18 the platform's.
TEXT ·All(SB), NOSPLIT, $0-0
	MOVD	$-1, R19
	MOVD	$-1, R20
	MOVD	$-1, R21
	MOVD	$-1, R22
	MOVD	$-1, R23
	MOVD	$-1, R24
	MOVD	$-1, R25
	MOVD	$-1, R26
	MOVD	$-1, R27
	FMOVD	R19, F8
	FMOVD	R19, F9
	FMOVD	R19, F10
	FMOVD	R19, F11
	FMOVD	R19, F12
	FMOVD	R19, F13
	FMOVD	R19, F14
	FMOVD	R19, F15
	RET
