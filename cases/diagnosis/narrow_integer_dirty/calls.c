// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
void callee(int a);

int run(void)
{
	callee(0x1111);
	return 1;
}
#else
void callee(long long a);

int run(void)
{
	callee(0x7700001111LL);
	return 1;
}
#endif
