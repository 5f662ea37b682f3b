package main

// s390x ELF ABI 1.2.1 "Registers": r6 to r13 (and r15, the stack pointer), f8 to f15.
var (
	integer  = registers(word, "r6 r7 r8 r9 r10 r11 r12 r13")
	floating = registers(64, "f8 f9 f10 f11 f12 f13 f14 f15")
)

// s390x ELF ABI 1.2.2, "Register Save Area": it is 160 bytes with the back chain, and "may be used by the called function in any way";
// "Parameter Area": that starts there, and here is empty.
const above = 160
