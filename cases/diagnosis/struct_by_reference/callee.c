#include "calls.h"

volatile long seen;

void callee(struct pair p, long c)
{
	seen = p.a + p.b + c;
}
