// run keeps nothing in the register, and has saved it for its own callers.
#include "calls.h"
#include "saved.h"

int callee(int a);

int run(void)
{
	__asm__ volatile("" ::: SAVED);
	return callee(1111) - 1111;
}
