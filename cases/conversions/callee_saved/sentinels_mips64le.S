	.text
	.set	noreorder
	.set	noat
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
	.ent	call_with_sentinels
call_with_sentinels:			/* a0 target, a1 fn, a2 in, a3 out */
	daddiu	$sp, $sp, -176
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	sd	$\n, 8 * (\n - 16)($sp)
	.endr
	sd	$gp, 64($sp)
	sd	$30, 72($sp)
	sd	$ra, 80($sp)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	sdc1	$f\n, 88 + 8 * (\n - 24)($sp)
	.endr
	sd	$a3, 152($sp)
	sd	$sp, 160($sp)

	/* Slots 0 to 7: s0 to s7 ($16 to $23), 8: gp, 9: s8 ($30), 10 to 17: f24 to f31. */
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	ld	$\n, 16 * (\n - 16)($a2)
	.endr
	ld	$gp, 16 * 8($a2)
	ld	$30, 16 * 9($a2)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	ldc1	$f\n, 16 * (\n - 14)($a2)
	.endr

	move	$t9, $a0
	move	$a0, $a1
	move	$a1, $0
	move	$a2, $0
	jalr	$t9
	move	$a3, $0

	ld	$t0, 160($sp)
	beq	$t0, $sp, 1f
	nop
	break
1:	ld	$a3, 152($sp)
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	sd	$\n, 16 * (\n - 16)($a3)
	.endr
	sd	$gp, 16 * 8($a3)
	sd	$30, 16 * 9($a3)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	sdc1	$f\n, 16 * (\n - 14)($a3)
	.endr

	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	ld	$\n, 8 * (\n - 16)($sp)
	.endr
	ld	$gp, 64($sp)
	ld	$30, 72($sp)
	ld	$ra, 80($sp)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	ldc1	$f\n, 88 + 8 * (\n - 24)($sp)
	.endr
	jr	$ra
	daddiu	$sp, $sp, 176
	.end	call_with_sentinels

	.globl	lose_two
	.type	lose_two, @function
	.ent	lose_two
lose_two:
	move	$30, $0
	jr	$ra
	dmtc1	$0, $f31
	.end	lose_two

	.section .note.GNU-stack,"",@progbits
