/* Too big for registers on every architecture: returned through a hidden pointer. */
struct trio {
	long p, a, b;
};

struct trio make(long p, long a, long b);

/* What make is called through: a type that returns nothing, so has no hidden pointer. */
typedef void (*void_fn)(struct trio *, long, long, long);

/* Which argument, from 1, each parameter of make was (0: none), and where the result went. */
struct report {
	int p, a, b;
	int to_result;		/* the variable that receives the result */
	int to_argument_1;	/* what the first argument points at */
	int to_x8;		/* arm64: what x8 happened to point at */
	int popped;		/* 386: bytes of its caller's stack that make popped */
};

struct report call_as_declared(void);
struct report call_as_void(void_fn fn);

/*
 * make; on arm64 by way of an instruction that points x8 at a variable: the
 * caller of a void function leaves anything there, and make writes to it.
 */
void_fn make_address(void);
