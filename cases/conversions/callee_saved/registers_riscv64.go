package main

// RISC-V psABI, "Integer Register Convention": s0 to s11; "Floating-Point Register Convention" (lp64d): fs0 to fs11.
var (
	integer  = registers(word, "s0 s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11")
	floating = registers(64, "fs0 fs1 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11")
)

// RISC-V psABI, "Integer Calling Convention": "The first argument passed on the stack is located at offset zero of the stack pointer on
// function entry", and here is none.
const above = 0
