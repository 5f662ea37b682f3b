package main

// AAPCS32 6.1.1: r4 to r8, r10, r11, and r9 as Linux uses it; 6.1.2.1: s16 to s31, which are d8 to d15.
var (
	integer  = registers(word, "r4 r5 r6 r7 r8 r9 r10 r11")
	floating = registers(64, "d8 d9 d10 d11 d12 d13 d14 d15")
)

// AAPCS32 6.5 "Parameter Passing": "A callee can modify any stack space used for receiving parameter values from the caller", which
// starts at the stack pointer (stage A), and here is none.
const above = 0
