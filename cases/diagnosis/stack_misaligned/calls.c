// Where the stack pointer is when run calls callee: a multiple of 16 with RIGHT, and else 8 less.
#include "calls.h"

#ifdef RIGHT
#define OFF "0"
#else
#define OFF "8"
#endif

#if defined(__x86_64__)
__asm__(".globl run\n.type run, @function\n"
	"run:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	and $-16, %rsp\n"
	"	sub $" OFF ", %rsp\n"
	"	mov $1111, %edi\n"
	"	call callee\n"
	"	mov $1, %eax\n"
	"	leave\n"
	"	ret\n"
	".size run, . - run\n");
#elif defined(__riscv)
__asm__(".globl run\n.type run, @function\n"
	"run:\n"
	"	addi sp, sp, -16\n"
	"	sd ra, 8(sp)\n"
	"	sd s0, 0(sp)\n"
	"	mv s0, sp\n"
	"	andi sp, sp, -16\n"
	"	addi sp, sp, -" OFF "\n"
	"	li a0, 1111\n"
	"	call callee\n"
	"	mv sp, s0\n"
	"	ld s0, 0(sp)\n"
	"	ld ra, 8(sp)\n"
	"	addi sp, sp, 16\n"
	"	li a0, 1\n"
	"	ret\n"
	".size run, . - run\n");
#else
__asm__(".globl run\n.type run, @function\n"
	"run:\n"
	"0:	addis 2, 12, .TOC.-0b@ha\n"
	"	addi 2, 2, .TOC.-0b@l\n"
	"	.localentry run, .-run\n"
	"	mflr 0\n"
	"	std 0, 16(1)\n"
	"	stdu 1, -(96 + " OFF ")(1)\n"
	"	li 3, 1111\n"
	"	bl callee\n"
	"	nop\n"
	"	addi 1, 1, 96 + " OFF "\n"
	"	ld 0, 16(1)\n"
	"	mtlr 0\n"
	"	li 3, 1\n"
	"	blr\n"
	".size run, . - run\n");
#endif
