package main

// AAPCS64 6.1.1: x19 to x28 and the frame pointer x29; 6.1.2: the low 64 bits of v8 to v15.
var (
	integer  = registers(word, "x19 x20 x21 x22 x23 x24 x25 x26 x27 x28 x29")
	floating = registers(64, "d8 d9 d10 d11 d12 d13 d14 d15")
)

// AAPCS64 6.8.2 "Parameter passing rules": "A callee is permitted to modify any stack space used for receiving parameter values from the
// caller", which starts at the stack pointer (stage A), and here is none.
const above = 0
