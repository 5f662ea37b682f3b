#include "host.h"

struct pair host_c(int a, double b, int64_t c, float d)
{
    return (struct pair){a * INT64_C(1000001) + c, b * 2 + d};
}

const char *defined_in(void)
{
    return "the host's";
}
