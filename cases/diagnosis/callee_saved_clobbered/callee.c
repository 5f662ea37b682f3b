// callee changes a callee-saved register; with RIGHT it tells the compiler.
#include "calls.h"
#include "saved.h"

int callee(int a)
{
#ifdef RIGHT
	__asm__ volatile(CHANGE ::: SAVED);
#else
	__asm__ volatile(CHANGE ::);
#endif
	return a + 1;
}
