	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, %function
call_with_sentinels:			/* x0 target, x1 fn, x2 in, x3 out */
	stp	x29, x30, [sp, #-176]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x9, sp
	stp	x3, x9, [sp, #160]

	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	ldr	x\n, [x2, #(16 * (\n - 19))]
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	ldr	d\n, [x2, #(16 * (11 + \n - 8))]
	.endr

	mov	x9, x0
	mov	x0, x1
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	blr	x9

	ldp	x3, x9, [sp, #160]
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

	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	ldp	x29, x30, [sp], #176
	ret

	.globl	lose_two
	.type	lose_two, %function
lose_two:
	mov	x29, #0
	movi	d15, #0
	ret

	.section .note.GNU-stack,"",%progbits
