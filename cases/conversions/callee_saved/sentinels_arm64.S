#include "sentinels.h"

	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, %function
call_with_sentinels:			/* x0 target, x1 fn, x2 in, x3 out */
	sub	sp, sp, #240		/* the space from 0 on */
	stp	x29, x30, [sp, #64]
	stp	x19, x20, [sp, #80]
	stp	x21, x22, [sp, #96]
	stp	x23, x24, [sp, #112]
	stp	x25, x26, [sp, #128]
	stp	x27, x28, [sp, #144]
	stp	d8, d9, [sp, #160]
	stp	d10, d11, [sp, #176]
	stp	d12, d13, [sp, #192]
	stp	d14, d15, [sp, #208]
	mov	x9, sp
	stp	x3, x9, [sp, #224]

	.irp	n, 0, 16, 32, 48
	ldr	q0, [x2, #(SPACE + \n)]
	str	q0, [sp, #\n]
	.endr
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	ldr	x\n, [x2, #(16 * (\n - 19))]
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	ldr	q\n, [x2, #(16 * (11 + \n - 8))]	/* the high half is scratch */
	.endr

	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ldr	x9, =(SCRATCH_FLOAT + \n)
	dup	v\n\().2d, x9
	.endr
	mov	x9, x0
	mov	x0, x1
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	.irp	n, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18	/* Linux uses x18 for nothing */
	ldr	x\n, =(SCRATCH + \n)
	.endr
	blr	x9

	ldp	x3, x9, [sp, #224]
	mov	x10, sp
	cmp	x9, x10
	b.eq	1f
	udf	#0
1:
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	str	x\n, [x3, #(16 * (\n - 19))]
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	str	d\n, [x3, #(16 * (11 + \n - 8))]
	.endr
	.irp	n, 0, 16, 32, 48
	ldr	q0, [sp, #\n]
	str	q0, [x3, #(SPACE + \n)]
	.endr

	ldp	x19, x20, [sp, #80]
	ldp	x21, x22, [sp, #96]
	ldp	x23, x24, [sp, #112]
	ldp	x25, x26, [sp, #128]
	ldp	x27, x28, [sp, #144]
	ldp	d8, d9, [sp, #160]
	ldp	d10, d11, [sp, #176]
	ldp	d12, d13, [sp, #192]
	ldp	d14, d15, [sp, #208]
	ldp	x29, x30, [sp, #64]
	add	sp, sp, #240
	ret

	.globl	lose_last
	.type	lose_last, %function
lose_last:
	mov	x29, #0
	movi	d15, #0
	str	xzr, [sp, #(SPACE_BYTES - 8)]
	ret

	.section .note.GNU-stack,"",%progbits
