// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
void callee(struct mixed p, long c);

int run(void)
{
	struct mixed p = {2.5, 2222};
	callee(p, 3333);
	return 1;
}
#else
void callee(double a, long b, long c);

int run(void)
{
	callee(2.5, 2222, 3333);
	return 1;
}
#endif
