struct taken {
	int named;
	int i;
	double x;
	int j;
};

/* Takes an int, a double and an int after the named one. */
void take(int named, ...);

/* What take is called through: a type that says nothing of variadic. */
typedef void (*fixed_fn)(int named, int i, double x, int j);

/*
 * take, by the address of an instruction that puts al into %al first on amd64
 * (0 or 8); on the other architectures just take.
 */
fixed_fn take_with_al(int al);

/* Calls take by its prototype and through the pointer; returns what take got. */
struct taken call_take(int named, int i, double x, int j);
struct taken call_fixed(fixed_fn fn, int named, int i, double x, int j);
