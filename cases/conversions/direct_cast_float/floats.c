#include "floats.h"

/* Local-exec: the only variable that mips64 code finds without $25, see direct_cast. */
static __thread double seen[5] __attribute__((tls_model("local-exec")));

double doubles(double x, double y, double z)
{
	seen[0] = x;
	seen[1] = y;
	seen[2] = z;
	return x + y + z;
}

float floats(float x, float y)
{
	seen[0] = x;
	seen[1] = y;
	return x + y;
}

double mixed(int i, double x, int j, double y, int k)
{
	seen[0] = i;
	seen[1] = x;
	seen[2] = j;
	seen[3] = y;
	seen[4] = k;
	return i + x + j + y + k;
}

double saw(int n)
{
	return seen[n];
}

void *doubles_address(void)
{
	return (void *)doubles;
}

void *floats_address(void)
{
	return (void *)floats;
}

void *mixed_address(void)
{
	return (void *)mixed;
}
