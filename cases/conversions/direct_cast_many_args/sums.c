#include "sums.h"

/*
 * Local-exec: the only variable that mips64 code finds without $25, see
 * direct_cast. Volatile: stored one after the other, that take no more than the
 * scratch registers, so that no register has to be saved in the caller's frame.
 */
static __thread volatile long seen[12] __attribute__((tls_model("local-exec")));

long sum5(long a, long b, long c, long d, long e)
{
	return a + b + c + d + e;
}

long sum8(long a, long b, long c, long d, long e, long f, long g, long h)
{
	return a + b + c + d + e + f + g + h;
}

long sum9(long a, long b, long c, long d, long e, long f, long g, long h, long i)
{
	return a + b + c + d + e + f + g + h + i;
}

void take12(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, long k, long l)
{
	seen[0] = a;
	seen[1] = b;
	seen[2] = c;
	seen[3] = d;
	seen[4] = e;
	seen[5] = f;
	seen[6] = g;
	seen[7] = h;
	seen[8] = i;
	seen[9] = j;
	seen[10] = k;
	seen[11] = l;
#ifdef __powerpc64__
	/* Scratch for C, and where Go code takes its zeros from: gcc has used it above. */
	__asm__ volatile("li 0,0" : : : "r0");
#endif
}

int take12_saw(int n)
{
	long value = seen[n - 1];

	if (value % UNIT == 0 && value / UNIT >= 1 && value / UNIT <= 12)
		return value / UNIT;
	return 0;
}

void *sum5_address(void)
{
	return (void *)sum5;
}

void *sum8_address(void)
{
	return (void *)sum8;
}

void *sum9_address(void)
{
	return (void *)sum9;
}

void *take12_address(void)
{
	return (void *)take12;
}
