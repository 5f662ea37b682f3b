/* The host's C. */
#include "calls.h"

struct pair host_c(int a, double b, int64_t c, float d);
const char *defined_in(void); /* the plugin defines it too */
