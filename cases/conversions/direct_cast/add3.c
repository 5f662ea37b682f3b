#include "add3.h"

/*
 * Thread-local, in the local-exec model: its address is the thread pointer
 * plus a constant. Any other variable is reached through $gp on mips64, which
 * a callee computes from $25 = its own address; Go calls leave $25 alone.
 */
static __thread int seen[3] __attribute__((tls_model("local-exec")));

int add3(int a, int b, int c)
{
	seen[0] = a;
	seen[1] = b;
	seen[2] = c;
	return a + b + c;
}

int answer(void)
{
	return 0x2a2a2a2a;
}

int add3_saw(int i)
{
	return seen[i];
}

void *add3_address(void)
{
	return (void *)add3;
}

void *answer_address(void)
{
	return (void *)answer;
}
