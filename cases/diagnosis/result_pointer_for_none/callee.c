#include "calls.h"

volatile long seen;

void callee(long a, long b)
{
	seen = a + b;
}
