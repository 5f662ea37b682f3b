#include "calls.h"

volatile double seen;

void callee(struct mixed p, long c)
{
	seen = p.a + p.b + c;
}
