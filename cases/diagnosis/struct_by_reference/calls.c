// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
void callee(struct pair p, long c);

int run(void)
{
	struct pair p = {1111, 2222};
	callee(p, 3333);
	return 1;
}
#else
void callee(struct pair *p, long c);

int run(void)
{
	struct pair p = {1111, 2222};
	callee(&p, 3333);
	return 1;
}
#endif
