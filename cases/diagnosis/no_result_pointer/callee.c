#include "calls.h"

volatile long seen;

struct big callee(long a, long b, long c)
{
	struct big r = {{a, b, c}};
	seen = a + b + c;
	return r;
}
