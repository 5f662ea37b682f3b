#include "types.h"

long double mixed(int i, long double x, int j, long double y)
{
	return i + 10 * x + 100 * j + 1000 * y;
}

mixed_fn mixed_pointer(void)
{
	return mixed;
}

double call_mixed(mixed_fn fn)
{
	return fn(1, 2.5L, 3, 4.25L);
}

double call_by_address(by_address_fn fn)
{
	long double x = 2.5L;

	fn(&x);
	return x;
}

void add_to(void *long_double, double y)
{
	*(long double *)long_double += y;
}

wchar_t minus_one(void)
{
	return -1;
}

wchar_t call_wide(wide_fn fn, wchar_t w)
{
	return fn(w);
}
