#include "sentinels.h"

	.text
	.set	noreorder
	.set	noat
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
	.ent	call_with_sentinels
call_with_sentinels:			/* a0 target, a1 fn, a2 in, a3 out */
	daddiu	$sp, $sp, -240		/* the space from 0 on */
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	sd	$\n, 64 + 8 * (\n - 16)($sp)
	.endr
	sd	$gp, 128($sp)
	sd	$30, 136($sp)
	sd	$ra, 144($sp)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	sdc1	$f\n, 152 + 8 * (\n - 24)($sp)
	.endr
	sd	$a3, 216($sp)
	sd	$sp, 224($sp)

	.irp	n, 0, 8, 16, 24, 32, 40, 48, 56
	ld	$t0, SPACE + \n($a2)
	sd	$t0, \n($sp)
	.endr
	/* Slots 0 to 7: s0 to s7 ($16 to $23), 8: gp, 9: s8 ($30), 10 to 17: f24 to f31. */
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	ld	$\n, 16 * (\n - 16)($a2)
	.endr
	ld	$gp, 16 * 8($a2)
	ld	$30, 16 * 9($a2)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	ldc1	$f\n, 16 * (\n - 14)($a2)
	.endr

	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
	dli	$t0, SCRATCH_FLOAT + \n
	dmtc1	$t0, $f\n
	.endr
	dli	$t0, SCRATCH + 32
	mthi	$t0
	dli	$t0, SCRATCH + 33
	mtlo	$t0
	move	$t9, $a0
	move	$a0, $a1
	move	$a1, $0
	move	$a2, $0
	.irp	n, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 24	/* at, v0, v1, a4 to a7, t0 to t3, t8; k0 and k1 are the kernel's */
	dli	$\n, SCRATCH + \n
	.endr
	jalr	$t9
	move	$a3, $0

	ld	$t0, 224($sp)
	beq	$t0, $sp, 1f
	nop
	break
1:	ld	$a3, 216($sp)
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	sd	$\n, 16 * (\n - 16)($a3)
	.endr
	sd	$gp, 16 * 8($a3)
	sd	$30, 16 * 9($a3)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	sdc1	$f\n, 16 * (\n - 14)($a3)
	.endr
	.irp	n, 0, 8, 16, 24, 32, 40, 48, 56
	ld	$t0, \n($sp)
	sd	$t0, SPACE + \n($a3)
	.endr

	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	ld	$\n, 64 + 8 * (\n - 16)($sp)
	.endr
	ld	$gp, 128($sp)
	ld	$30, 136($sp)
	ld	$ra, 144($sp)
	.irp	n, 24, 25, 26, 27, 28, 29, 30, 31
	ldc1	$f\n, 152 + 8 * (\n - 24)($sp)
	.endr
	jr	$ra
	daddiu	$sp, $sp, 240
	.end	call_with_sentinels

	.globl	lose_last
	.type	lose_last, @function
	.ent	lose_last
lose_last:
	move	$30, $0
	sd	$0, SPACE_BYTES - 8($sp)
	jr	$ra
	dmtc1	$0, $f31
	.end	lose_last

	.section .note.GNU-stack,"",@progbits
