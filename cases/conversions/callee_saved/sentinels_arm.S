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
	sub	sp, sp, #8
	str	r3, [sp, #0]
	str	sp, [sp, #4]

	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11
	ldr	r\n, [r2, #(16 * (\n - 4))]
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	vldr	d\n, [r2, #(16 * \n)]
	.endr

	mov	ip, r0
	mov	r0, r1
	mov	r1, #0
	mov	r2, #0
	mov	r3, #0
	blx	ip

	ldr	r3, [sp, #4]
	cmp	r3, sp
	beq	1f
	udf	#0
1:	ldr	r3, [sp, #0]
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11
	str	r\n, [r3, #(16 * (\n - 4))]
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	vstr	d\n, [r3, #(16 * \n)]
	.endr

	add	sp, sp, #8
	vpop	{d8-d15}
	pop	{r4-r11, ip, pc}

	.globl	lose_two
	.type	lose_two, %function
lose_two:
	mov	r11, #0
	vmov	d15, r11, r11
	bx	lr

	.section .note.GNU-stack,"",%progbits
