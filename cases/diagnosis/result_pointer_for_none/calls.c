// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
void callee(long a, long b);

int run(void)
{
	callee(1111, 2222);
	return 1;
}
#else
struct big callee(long a, long b);

int run(void)
{
	static struct big room;
	room = callee(1111, 2222);
	return 1;
}
#endif
