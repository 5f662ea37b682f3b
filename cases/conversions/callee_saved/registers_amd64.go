package main

// System V AMD64 psABI 3.2.1 "Registers": rbx, rbp and r12 to r15 belong to the caller, no xmm register does.
// (The control bits of mxcsr and x87 are preserved too; Go neither saves nor changes them.)
var (
	integer  = registers(word, "rbx rbp r12 r13 r14 r15")
	floating []register
)

// System V AMD64 psABI 3.2.2 "The Stack Frame": the memory arguments start at the stack pointer at the call (16(%rbp)), and here are none.
const above = 0
