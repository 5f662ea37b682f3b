#include "callee.h"

long long callee(long long a)
{
	return a + 1;
}

void *callee_at(void)
{
	return callee;
}
