#include "calls.h"

volatile double seen;

void callee(struct pair p, long c)
{
	seen = p.a + p.b + c;
}
