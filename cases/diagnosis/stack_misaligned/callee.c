#include "calls.h"

volatile int seen;

void callee(int a)
{
	seen = a;
}
