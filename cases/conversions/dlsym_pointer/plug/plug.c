/* The library. Nothing of it is known when the program is linked. */

int triple(int x)
{
	return 3 * x;
}

double mixed(int i, double x, int j, double y)
{
	return i + 2 * x + 3 * j + 4 * y;
}

int apply_twice(int (*fn)(int), int x)
{
	return fn(fn(x));
}
