#include "sentinels.h"

	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
call_with_sentinels:			/* a0 target, a1 fn, a2 in, a3 out */
	addi	sp, sp, -288		/* the space from 0 on */
	sd	ra, 64(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\n, 72 + 8 * \n(sp)
	fsd	fs\n, 168 + 8 * \n(sp)
	.endr
	sd	a3, 264(sp)
	sd	sp, 272(sp)

	.irp	n, 0, 8, 16, 24, 32, 40, 48, 56
	ld	t0, SPACE + \n(a2)
	sd	t0, \n(sp)
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\n, 16 * \n(a2)
	fld	fs\n, 16 * (12 + \n)(a2)
	.endr

	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31	/* ft0 to ft11, fa0 to fa7 */
	li	t1, SCRATCH_FLOAT + \n
	fmv.d.x	f\n, t1
	.endr
	mv	t0, a0
	mv	a0, a1
	li	a1, 0
	li	a2, 0
	li	a3, 0
	.irp	n, 6, 7, 14, 15, 16, 17, 28, 29, 30, 31		/* t1 to t6, a4 to a7 */
	li	x\n, SCRATCH + \n
	.endr
	jalr	t0

	ld	t0, 272(sp)
	beq	t0, sp, 1f
	unimp
1:	ld	a3, 264(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\n, 16 * \n(a3)
	fsd	fs\n, 16 * (12 + \n)(a3)
	.endr
	.irp	n, 0, 8, 16, 24, 32, 40, 48, 56
	ld	t0, \n(sp)
	sd	t0, SPACE + \n(a3)
	.endr

	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\n, 72 + 8 * \n(sp)
	fld	fs\n, 168 + 8 * \n(sp)
	.endr
	ld	ra, 64(sp)
	addi	sp, sp, 288
	ret

	.globl	lose_last
	.type	lose_last, @function
lose_last:
	li	s11, 0
	fmv.d.x	fs11, zero
	sd	zero, SPACE_BYTES - 8(sp)
	ret

	.section .note.GNU-stack,"",@progbits
