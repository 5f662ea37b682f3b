// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
void callee(long a, double x, double y);

int run(void)
{
	callee(1111, 2.5, 3.5);
	return 1;
}
#else
void callee(long a, ...);

int run(void)
{
	callee(1111, 2.5, 3.5);
	return 1;
}
#endif
