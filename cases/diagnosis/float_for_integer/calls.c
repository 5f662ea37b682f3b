// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
void callee(long a, long x, long b);

int run(void)
{
	callee(1111, 2222, 3333);
	return 1;
}
#else
void callee(long a, double x, long b);

int run(void)
{
	callee(1111, 2222.5, 3333);
	return 1;
}
#endif
