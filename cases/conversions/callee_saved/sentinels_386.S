#include "sentinels.h"

	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
call_with_sentinels:			/* on the stack: target, fn, in, out */
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	subl	$92, %esp		/* four arguments, and the space from 16 on */
	movl	120(%esp), %ecx		/* in */
	movl	116(%esp), %eax		/* fn */
	movl	%eax, 0(%esp)
	movl	$0, 4(%esp)
	movl	$0, 8(%esp)
	movl	$0, 12(%esp)

	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	movl	$(SCRATCH_FLOAT + \n) & 0xffffffff, 80(%esp)
	movl	$SCRATCH >> 32, 84(%esp)
	movq	80(%esp), %xmm\n
	.endr
	movl	124(%esp), %eax		/* out */
	movl	%eax, 80(%esp)
	movl	%esp, 84(%esp)

	.irp	n, 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60
	movl	SPACE + \n(%ecx), %eax
	movl	%eax, 16 + \n(%esp)
	.endr
	movl	0x00(%ecx), %ebx
	movl	0x10(%ecx), %esi
	movl	0x20(%ecx), %edi
	movl	0x30(%ecx), %ebp

	/* x87 and MMX registers stay empty: i386 psABI 2.2.1, "The CPU shall be in x87 mode upon entry to a function". */
	movl	$SCRATCH & 0xffffffff, %eax
	movl	$(SCRATCH + 1) & 0xffffffff, %ecx
	movl	$(SCRATCH + 2) & 0xffffffff, %edx
	call	*112(%esp)		/* target */

	cmpl	%esp, 84(%esp)
	je	1f
	ud2
1:	movl	80(%esp), %ecx
	movl	%ebx, 0x00(%ecx)
	movl	%esi, 0x10(%ecx)
	movl	%edi, 0x20(%ecx)
	movl	%ebp, 0x30(%ecx)
	.irp	n, 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60
	movl	16 + \n(%esp), %eax
	movl	%eax, SPACE + \n(%ecx)
	.endr

	addl	$92, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.globl	lose_last
	.type	lose_last, @function
lose_last:
	xorl	%ebp, %ebp
	movl	%ebp, 4 + 16 + SPACE_BYTES - 4(%esp)
	ret

	.section .note.GNU-stack,"",@progbits
