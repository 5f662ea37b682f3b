#include "calls.h"

volatile long seen;

void callee(long a, long x, long b)
{
	seen = a + x + b;
}
