// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
struct big callee(long a, long b, long c);

int run(void)
{
	static struct big room;
	room = callee(1111, 2222, 3333);
	return 1;
}
#else
void callee(void *first, long b, long c, long d);

int run(void)
{
	static struct big room; // where the callee writes what it returns
	callee(&room, 1111, 2222, 3333);
	return 1;
}
#endif
