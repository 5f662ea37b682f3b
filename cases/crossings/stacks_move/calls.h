/* C frames between callbacks. */
#ifndef CALLS_H
#define CALLS_H

#include <stdint.h>

struct counts {
    int wrong_results; /* results of callbacks that are not what their arguments give */
    int wrong_values;  /* values of C's own that a callback changed */
};

/* Call Go's goCallback(depth, id, recovers) from a frame whose size depends on `id`; what is wrong is added to `c`. */
int64_t nest(int depth, int id, int recovers, struct counts *c);

/* Have each of `threads` pthreads call nest with depths 0, 1, 2, 3 and again 0, 1; `recovers` is negative, or a callback recovers. */
struct counts run_threads(int threads, int recovers);

/* Does nothing. */
void leaf(void);

#endif
