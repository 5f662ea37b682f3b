// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
void callee(float a, float b);

int run(void)
{
	callee(1.5f, 2.5f);
	return 1;
}
#else
void callee(); // no prototype: floats are promoted to double

int run(void)
{
	callee(1.5f, 2.5f);
	return 1;
}
#endif
