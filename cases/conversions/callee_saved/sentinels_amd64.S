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
	subq	$24, %rsp
	movq	%rcx, 0(%rsp)
	movq	%rsp, 8(%rsp)

	movq	0x00(%rdx), %rbx
	movq	0x10(%rdx), %rbp
	movq	0x20(%rdx), %r12
	movq	0x30(%rdx), %r13
	movq	0x40(%rdx), %r14
	movq	0x50(%rdx), %r15

	movq	%rdi, %rax
	movq	%rsi, %rdi
	xorl	%esi, %esi
	xorl	%edx, %edx
	xorl	%ecx, %ecx
	call	*%rax

	cmpq	%rsp, 8(%rsp)
	je	1f
	ud2
1:	movq	0(%rsp), %rcx
	movq	%rbx, 0x00(%rcx)
	movq	%rbp, 0x10(%rcx)
	movq	%r12, 0x20(%rcx)
	movq	%r13, 0x30(%rcx)
	movq	%r14, 0x40(%rcx)
	movq	%r15, 0x50(%rcx)

	addq	$24, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.globl	lose_two
	.type	lose_two, @function
lose_two:
	xorl	%r15d, %r15d
	ret

	.section .note.GNU-stack,"",@progbits
