#include "calls.h"

volatile float seen;

void callee(float a, float b)
{
	seen = a + b;
}
