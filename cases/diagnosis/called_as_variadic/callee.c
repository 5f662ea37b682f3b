#include "calls.h"

volatile double seen;

void callee(long a, double x, double y)
{
	seen = a + x + y;
}
