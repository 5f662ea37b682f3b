	.text
	.globl	call_with_sentinels
	.type	call_with_sentinels, @function
call_with_sentinels:			/* on the stack: target, fn, in, out */
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	subl	$28, %esp
	movl	60(%esp), %eax		/* out */
	movl	%eax, 16(%esp)
	movl	%esp, 20(%esp)
	movl	52(%esp), %eax		/* fn */
	movl	%eax, 0(%esp)
	movl	$0, 4(%esp)
	movl	$0, 8(%esp)
	movl	$0, 12(%esp)
	movl	48(%esp), %eax		/* target */
	movl	56(%esp), %ecx		/* in */

	movl	0x00(%ecx), %ebx
	movl	0x10(%ecx), %esi
	movl	0x20(%ecx), %edi
	movl	0x30(%ecx), %ebp

	call	*%eax

	cmpl	%esp, 20(%esp)
	je	1f
	ud2
1:	movl	16(%esp), %ecx
	movl	%ebx, 0x00(%ecx)
	movl	%esi, 0x10(%ecx)
	movl	%edi, 0x20(%ecx)
	movl	%ebp, 0x30(%ecx)

	addl	$28, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.globl	lose_two
	.type	lose_two, @function
lose_two:
	xorl	%ebp, %ebp
	ret

	.section .note.GNU-stack,"",@progbits
