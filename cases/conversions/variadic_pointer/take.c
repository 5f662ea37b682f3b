#include <stdarg.h>
#include "take.h"

static struct taken taken;

void take(int named, ...)
{
	va_list rest;

	va_start(rest, named);
	taken.named = named;
	taken.i = va_arg(rest, int);
	taken.x = va_arg(rest, double);
	taken.j = va_arg(rest, int);
	va_end(rest);
}

#ifdef __x86_64__
void take_al_0(void), take_al_8(void);

__asm__(".text\n\t"
	".globl take_al_0, take_al_8\n"
	"take_al_0:\n\t"
	"movl $0, %eax\n\t"
	"jmp take\n"
	"take_al_8:\n\t"
	"movl $8, %eax\n\t"
	"jmp take\n");

fixed_fn take_with_al(int al)
{
	return (fixed_fn)(al ? take_al_8 : take_al_0);
}
#else
fixed_fn take_with_al(int al)
{
	return (fixed_fn)take;
}
#endif

struct taken call_take(int named, int i, double x, int j)
{
	take(named, i, x, j);
	return taken;
}

struct taken call_fixed(fixed_fn fn, int named, int i, double x, int j)
{
	fn(named, i, x, j);

	/*
	 * On ppc64le a variadic function stores r4-r10 in its caller's frame,
	 * in the parameter save area; only for a variadic call does gcc allot
	 * one (ELFv2 ABI "Variable Argument Lists"). This call is here to have it.
	 */
	struct taken got = taken;
	take(0, 0, 0.0, 0);
	return got;
}
