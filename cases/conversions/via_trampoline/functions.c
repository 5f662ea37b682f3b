#include "functions.h"

int add3(int a, int b, int c)
{
	return a + 2 * b + 3 * c;
}

double doubles(double x, double y, double z)
{
	return x + 2 * y + 3 * z;
}

float floats(float x, float y)
{
	return x + 2 * y;
}

double mixed(int i, double x, int j, double y, int k)
{
	return i + 2 * x + 3 * j + 4 * y + 5 * k;
}

long sum12(long a, long b, long c, long d, long e, long f,
	   long g, long h, long i, long j, long k, long l)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f +
	       7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l;
}

int deep(void)
{
	volatile unsigned char use[64 * 1024];
	int right = 0;

	for (unsigned i = 0; i < sizeof use; i++)
		use[i] = i % 251;
	for (unsigned i = 0; i < sizeof use; i++)
		right += use[i] == i % 251;
	return right;
}
