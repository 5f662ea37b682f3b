package main

// ELFv2 ABI "Register Roles": r14 to r31 and condition register fields 2 to 4; f14 to f31; v20 to v31.
var (
	integer  = append(registers(word, "r14 r15 r16 r17 r18 r19 r20 r21 r22 r23 r24 r25 r26 r27 r28 r29 r30 r31"), registers(4, "cr2 cr3 cr4")...)
	floating = append(registers(64, "f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24 f25 f26 f27 f28 f29 f30 f31"),
		registers(128, "v20 v21 v22 v23 v24 v25 v26 v27 v28 v29 v30 v31")...)
)

// ELFv2 ABI, "Minimum Stack Frame Elements": back chain, CR, reserved, LR and TOC take 32 bytes; the callee may save CR and LR there.
// "Parameter Save Area": it starts there "unless a prototype is provided for the callee indicating that all parameters can be passed in
// registers", so here is none; where there is one, "the callee may use" it ("Parameter Passing Register Selection Algorithm").
const above = 32
