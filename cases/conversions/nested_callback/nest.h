#include <stdint.h>

/* Fill locals of every kind with values made from level, call Go's next level, and see whether the locals are still there. */
int64_t down(int level, double fraction, int *locals_intact);
