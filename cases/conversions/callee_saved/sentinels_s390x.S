	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
call_with_sentinels:			/* r2 target, r3 fn, r4 in, r5 out */
	stmg	%r6, %r15, 48(%r15)
	lay	%r15, -240(%r15)	/* 160 bytes for the target to save its registers in */
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	std	%f\n, 160 + 8 * (\n - 8)(%r15)
	.endr
	stg	%r5, 224(%r15)
	stg	%r15, 232(%r15)

	.irp	n, 6, 7, 8, 9, 10, 11, 12, 13
	lg	%r\n, 16 * (\n - 6)(%r4)
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	ld	%f\n, 16 * \n(%r4)
	.endr

	lgr	%r1, %r2
	lgr	%r2, %r3
	lghi	%r3, 0
	lghi	%r4, 0
	lghi	%r5, 0
	basr	%r14, %r1

	cg	%r15, 232(%r15)
	je	1f
	.short	0			/* no instruction */
1:	lg	%r5, 224(%r15)
	.irp	n, 6, 7, 8, 9, 10, 11, 12, 13
	stg	%r\n, 16 * (\n - 6)(%r5)
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	std	%f\n, 16 * \n(%r5)
	.endr

	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	ld	%f\n, 160 + 8 * (\n - 8)(%r15)
	.endr
	lmg	%r6, %r15, 288(%r15)
	br	%r14

	.globl	lose_two
	.type	lose_two, @function
lose_two:
	lghi	%r13, 0
	lzdr	%f15
	br	%r14

	.section .note.GNU-stack,"",@progbits
