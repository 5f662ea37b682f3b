// What the caller believes of the function in callee.c; with RIGHT what it is.
#include "calls.h"

#ifdef RIGHT
void callee(struct pair p, long c);

int run(void)
{
	struct pair p = {1.5, 2.5};
	callee(p, 3333);
	return 1;
}
#else
struct bits {
	unsigned long long a, b;
};
void callee(struct bits p, long c);

int run(void)
{
	struct bits p = {0x3ff8000000000000, 0x4004000000000000}; // 1.5, 2.5
	callee(p, 3333);
	return 1;
}
#endif
