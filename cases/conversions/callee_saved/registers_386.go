package main

// System V i386 psABI "Register Usage" (2.2.3): ebx, esi, edi and ebp belong to the caller, no x87 or xmm register does.
var (
	integer  = registers(word, "ebx esi edi ebp")
	floating []register
)

// i386 psABI 2.2.2 "The Stack Frame": the memory arguments start at the stack pointer at the call (8(%ebp)), and here are four. It does
// not say whose they are; compilers let the callee change them.
const above = 16
