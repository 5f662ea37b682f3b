/* The types that the program takes on trust, and a trampoline for each. */
typedef int (*triple_fn)(int);
typedef double (*mixed_fn)(int, double, int, double);
typedef int (*apply_fn)(int (*)(int), int);

static inline int call_triple(triple_fn fn, int x)
{
	return fn(x);
}

static inline double call_mixed(mixed_fn fn, int i, double x, int j, double y)
{
	return fn(i, x, j, y);
}

static inline int call_apply(apply_fn fn, triple_fn f, int x)
{
	return fn(f, x);
}
