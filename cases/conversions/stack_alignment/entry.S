	.text
	.globl	stack_pointer
#if defined(__arm__)
	.arm
	.type	stack_pointer, %function
#else
	.type	stack_pointer, @function
#endif

stack_pointer:
#if defined(__x86_64__)
	leaq	8(%rsp), %rax
	ret
#elif defined(__i386__)
	leal	4(%esp), %eax
	ret
#elif defined(__aarch64__)
	mov	x0, sp
	ret
#elif defined(__arm__)
	mov	r0, sp
	bx	lr
#elif defined(__riscv)
	mv	a0, sp
	ret
#elif defined(__powerpc64__)
	mr	3, 1
	blr
#elif defined(__s390x__)
	lgr	%r2, %r15
	br	%r14
#elif defined(__mips__)
	move	$v0, $sp
	jr	$ra
#else
#error "say how to read the stack pointer here"
#endif

#if defined(__arm__)
	.section .note.GNU-stack,"",%progbits
#else
	.section .note.GNU-stack,"",@progbits
#endif
