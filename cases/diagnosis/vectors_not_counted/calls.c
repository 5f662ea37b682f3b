// What is in AL when run calls callee with one double: with RIGHT how many vector registers are used, and else what
// was in it.
#include "calls.h"

#ifdef RIGHT
#define COUNT "1"
#else
#define COUNT "0x60"
#endif

__asm__(".globl run\n.type run, @function\n"
	"run:\n"
	"	sub $8, %rsp\n"
	"	mov $" COUNT ", %eax\n"
	"	mov $1111, %edi\n"
	"	xorps %xmm0, %xmm0\n"
	"	call callee\n"
	"	mov $1, %eax\n"
	"	add $8, %rsp\n"
	"	ret\n"
	".size run, . - run\n");
