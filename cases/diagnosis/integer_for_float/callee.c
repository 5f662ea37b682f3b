#include "calls.h"

volatile double seen;

void callee(long a, double x, long b)
{
	seen = a + x + b;
}
