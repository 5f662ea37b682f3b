#include "sentinels.h"

	.machine z13			/* vector registers; Go needs them as well */
	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
call_with_sentinels:			/* r2 target, r3 fn, r4 in, r5 out */
	stmg	%r6, %r15, 48(%r15)
	lay	%r15, -304(%r15)	/* 160 bytes for the target to save its registers in, then the space */
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	std	%f\n, 224 + 8 * (\n - 8)(%r15)
	.endr
	stg	%r5, 288(%r15)
	stg	%r15, 296(%r15)

	mvc	160(SPACE_BYTES, %r15), SPACE(%r4)
	.irp	n, 6, 7, 8, 9, 10, 11, 12, 13
	lg	%r\n, 16 * (\n - 6)(%r4)
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	vl	%v\n, 16 * \n(%r4)		/* the left half is the floating-point register, the right half is scratch */
	.endr

	llihf	%r0, SCRATCH >> 32
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	iilf	%r0, (SCRATCH_FLOAT + \n) & 0xffffffff
	vlvgp	%v\n, %r0, %r0
	.endr
	iilf	%r0, SCRATCH & 0xffffffff
	lgr	%r1, %r2
	lgr	%r2, %r3
	lghi	%r3, 0
	lghi	%r4, 0
	lghi	%r5, 0
	basr	%r14, %r1

	cg	%r15, 296(%r15)
	je	1f
	.short	0			/* no instruction */
1:	lg	%r5, 288(%r15)
	.irp	n, 6, 7, 8, 9, 10, 11, 12, 13
	stg	%r\n, 16 * (\n - 6)(%r5)
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	std	%f\n, 16 * \n(%r5)
	.endr
	mvc	SPACE(SPACE_BYTES, %r5), 160(%r15)

	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	ld	%f\n, 224 + 8 * (\n - 8)(%r15)
	.endr
	lmg	%r6, %r15, 352(%r15)
	br	%r14

	.globl	lose_last
	.type	lose_last, @function
lose_last:
	lghi	%r13, 0
	lzdr	%f15
	stg	%r13, 160 + SPACE_BYTES - 8(%r15)
	br	%r14

	.section .note.GNU-stack,"",@progbits
