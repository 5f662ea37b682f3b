package main

// MIPS n64 (MIPSpro 64-Bit Porting and Transition Guide, chapter 2, "Native 64-Bit Subprogram Interface for MIPS Architectures"): s0 to s7, gp and s8; f24 to f31.
var (
	integer  = registers(word, "s0 s1 s2 s3 s4 s5 s6 s7 gp s8")
	floating = registers(64, "f24 f25 f26 f27 f28 f29 f30 f31")
)

// MIPS n64 (as above): "Up to eight integer registers ($4 .. $11) may be used to pass integer arguments", so none is on the stack. gcc
// reserves no space for those in registers either (REG_PARM_STACK_SPACE is 0 for n64).
const above = 0
