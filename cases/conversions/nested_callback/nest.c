#include "nest.h"
#include "_cgo_export.h"

/* Volatile, so that the compiler cannot know that the values computed before the call and after it are the same. */
static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

int64_t down(int level, double fraction, int *locals_intact)
{
    int64_t words[16];
    int64_t a = level * unit, b = level - unit, c = level + unit;
    double d = level + half, e = level * half;

    for (int i = 0; i < 16; i++)
        words[i] = level * unit + i;

    int64_t result = goLevel(level + 1, fraction + 0.125);

    int intact = a == level * unit && b == level - unit && c == level + unit;
    intact = intact && d == level + half && e == level * half;
    for (int i = 0; i < 16; i++)
        intact = intact && words[i] == level * unit + i;
    *locals_intact = intact;
    return result + level;
}
