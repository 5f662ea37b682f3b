#include "deep.h"

#if defined __x86_64__
register unsigned long stack_pointer __asm__("rsp");
#elif defined __i386__
register unsigned long stack_pointer __asm__("esp");
#elif defined __s390x__
register unsigned long stack_pointer __asm__("r15");
#elif defined __powerpc64__
register unsigned long stack_pointer __asm__("r1");
#else /* arm, arm64, mips64, riscv64 */
register unsigned long stack_pointer __asm__("sp");
#endif

/* Local-exec: the only variable that mips64 code finds without $25, see direct_cast. */
static __thread unsigned long noted __attribute__((tls_model("local-exec")));

void note_stack(void)
{
	noted = stack_pointer;
}

void *note_stack_address(void)
{
	return (void *)note_stack;
}

unsigned long noted_stack(void)
{
	return noted;
}

int deep(void)
{
	volatile unsigned char use[NEED];
	int right = 0;

	for (int i = 0; i < NEED; i++)
		use[i] = i % 251;
	for (int i = 0; i < NEED; i++)
		right += use[i] == i % 251;
	return right;
}

void *deep_address(void)
{
	return (void *)deep;
}
