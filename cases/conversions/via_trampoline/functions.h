/* The functions: much as in direct_cast, _float, _many_args and _deep_stack. */
int add3(int a, int b, int c);
double doubles(double x, double y, double z);
float floats(float x, float y);
double mixed(int i, double x, int j, double y, int k);
long sum12(long a, long b, long c, long d, long e, long f,
	   long g, long h, long i, long j, long k, long l);
int deep(void);

/* A trampoline for each signature: calls a pointer to such a function. */
typedef int (*add3_fn)(int, int, int);
typedef double (*doubles_fn)(double, double, double);
typedef float (*floats_fn)(float, float);
typedef double (*mixed_fn)(int, double, int, double, int);
typedef long (*sum12_fn)(long, long, long, long, long, long,
			 long, long, long, long, long, long);
typedef int (*deep_fn)(void);

int call_add3(add3_fn fn, int a, int b, int c);
double call_doubles(doubles_fn fn, double x, double y, double z);
float call_floats(floats_fn fn, float x, float y);
double call_mixed(mixed_fn fn, int i, double x, int j, double y, int k);
long call_sum12(sum12_fn fn, long a, long b, long c, long d, long e, long f,
		long g, long h, long i, long j, long k, long l);
int call_deep(deep_fn fn);
