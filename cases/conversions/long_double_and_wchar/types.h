#include <float.h>
#include <wchar.h>

enum {
	LONG_DOUBLE_SIZE = sizeof(long double),
	LONG_DOUBLE_ALIGN = _Alignof(long double),
	LONG_DOUBLE_DIGITS = LDBL_MANT_DIG,
};

/* A callback with long doubles among ints, and the call of such a pointer with 1, 2.5, 3, 4.25. */
typedef long double (*mixed_fn)(int, long double, int, long double);
long double mixed(int i, long double x, int j, long double y);
mixed_fn mixed_pointer(void);
double call_mixed(mixed_fn fn);

/* A callback that gets a long double where it lies: what Go can do with one. */
typedef void (*by_address_fn)(void *);
double call_by_address(by_address_fn fn);
void add_to(void *long_double, double y);

/* A callback with wchar_t. */
typedef wchar_t (*wide_fn)(wchar_t);
wchar_t minus_one(void);
wchar_t call_wide(wide_fn fn, wchar_t w);
