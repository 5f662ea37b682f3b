package main

// System V i386 psABI "Register Usage" (2.2.3): ebx, esi, edi and ebp belong to the caller, no x87 or xmm register does.
var (
	integer  = registers(word, "ebx esi edi ebp")
	floating []register
)
