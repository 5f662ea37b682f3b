#include "sentinels.h"

	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
call_with_sentinels:			/* rdi target, rsi fn, rdx in, rcx out */
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$88, %rsp		/* the space from 0 on */
	movq	%rcx, 64(%rsp)
	movq	%rsp, 72(%rsp)
	movq	%rdi, 80(%rsp)

	.irp	n, 0, 16, 32, 48
	movups	SPACE + \n(%rdx), %xmm0
	movups	%xmm0, \n(%rsp)
	.endr
	movq	0x00(%rdx), %rbx
	movq	0x10(%rdx), %rbp
	movq	0x20(%rdx), %r12
	movq	0x30(%rdx), %r13
	movq	0x40(%rdx), %r14
	movq	0x50(%rdx), %r15

	/* x87 and MMX registers stay empty: psABI 3.2.1, "The CPU shall be in x87 mode upon entry to a function". */
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movabsq	$(SCRATCH_FLOAT + \n), %rax
	movq	%rax, %xmm\n
	.endr
	.irp	n, 8, 9, 10, 11
	movabsq	$(SCRATCH + \n), %r\n
	.endr
	movabsq	$SCRATCH, %rax
	movq	%rsi, %rdi
	xorl	%esi, %esi
	xorl	%edx, %edx
	xorl	%ecx, %ecx
	call	*80(%rsp)

	cmpq	%rsp, 72(%rsp)
	je	1f
	ud2
1:	movq	64(%rsp), %rcx
	movq	%rbx, 0x00(%rcx)
	movq	%rbp, 0x10(%rcx)
	movq	%r12, 0x20(%rcx)
	movq	%r13, 0x30(%rcx)
	movq	%r14, 0x40(%rcx)
	movq	%r15, 0x50(%rcx)
	.irp	n, 0, 16, 32, 48
	movups	\n(%rsp), %xmm0
	movups	%xmm0, SPACE + \n(%rcx)
	.endr

	addq	$88, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.globl	lose_last
	.type	lose_last, @function
lose_last:
	xorl	%r15d, %r15d
	movq	%r15, 8 + SPACE_BYTES - 8(%rsp)
	ret

	.section .note.GNU-stack,"",@progbits
