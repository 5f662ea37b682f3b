#include "sentinels.h"

	.syntax	unified
	.arch	armv7-a
	.fpu	vfpv3-d16
	.arm
	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, %function
call_with_sentinels:			/* r0 target, r1 fn, r2 in, r3 out */
	push	{r4-r11, ip, lr}
	vpush	{d8-d15}
	sub	sp, sp, #72		/* the space from 0 on */
	str	r3, [sp, #64]
	str	sp, [sp, #68]

	.irp	n, 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60
	ldr	ip, [r2, #(SPACE + \n)]
	str	ip, [sp, #\n]
	.endr
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11
	ldr	r\n, [r2, #(16 * (\n - 4))]
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	vldr	d\n, [r2, #(16 * \n)]
	.endr

	/* d16 to d31 are not filled: Debian's armhf and Go do without them. No other integer register is free. */
	ldr	lr, =(SCRATCH >> 32)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	ldr	ip, =((SCRATCH_FLOAT + \n) & 0xffffffff)
	vmov	d\n, ip, lr
	.endr
	mov	ip, r0
	mov	r0, r1
	mov	r1, #0
	mov	r2, #0
	mov	r3, #0
	blx	ip

	ldr	r3, [sp, #68]
	cmp	r3, sp
	beq	1f
	udf	#0
1:	ldr	r3, [sp, #64]
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11
	str	r\n, [r3, #(16 * (\n - 4))]
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	vstr	d\n, [r3, #(16 * \n)]
	.endr
	.irp	n, 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60
	ldr	ip, [sp, #\n]
	str	ip, [r3, #(SPACE + \n)]
	.endr

	add	sp, sp, #72
	vpop	{d8-d15}
	pop	{r4-r11, ip, pc}

	.globl	lose_last
	.type	lose_last, %function
lose_last:
	mov	r11, #0
	str	r11, [sp, #(SPACE_BYTES - 4)]
	vmov	d15, r11, r11
	bx	lr

	.section .note.GNU-stack,"",%progbits
