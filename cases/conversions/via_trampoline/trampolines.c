#include "functions.h"

int call_add3(add3_fn fn, int a, int b, int c)
{
	return fn(a, b, c);
}

double call_doubles(doubles_fn fn, double x, double y, double z)
{
	return fn(x, y, z);
}

float call_floats(floats_fn fn, float x, float y)
{
	return fn(x, y);
}

double call_mixed(mixed_fn fn, int i, double x, int j, double y, int k)
{
	return fn(i, x, j, y, k);
}

long call_sum12(sum12_fn fn, long a, long b, long c, long d, long e, long f,
		long g, long h, long i, long j, long k, long l)
{
	return fn(a, b, c, d, e, f, g, h, i, j, k, l);
}

int call_deep(deep_fn fn)
{
	return fn();
}
