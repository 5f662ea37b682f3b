	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
call_with_sentinels:			/* a0 target, a1 fn, a2 in, a3 out */
	addi	sp, sp, -224
	sd	ra, 0(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\n, 8 + 8 * \n(sp)
	fsd	fs\n, 104 + 8 * \n(sp)
	.endr
	sd	a3, 200(sp)
	sd	sp, 208(sp)

	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\n, 16 * \n(a2)
	fld	fs\n, 16 * (12 + \n)(a2)
	.endr

	mv	t0, a0
	mv	a0, a1
	li	a1, 0
	li	a2, 0
	li	a3, 0
	jalr	t0

	ld	t0, 208(sp)
	beq	t0, sp, 1f
	unimp
1:	ld	a3, 200(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\n, 16 * \n(a3)
	fsd	fs\n, 16 * (12 + \n)(a3)
	.endr

	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\n, 8 + 8 * \n(sp)
	fld	fs\n, 104 + 8 * \n(sp)
	.endr
	ld	ra, 0(sp)
	addi	sp, sp, 224
	ret

	.globl	lose_two
	.type	lose_two, @function
lose_two:
	li	s11, 0
	fmv.d.x	fs11, zero
	ret

	.section .note.GNU-stack,"",@progbits
