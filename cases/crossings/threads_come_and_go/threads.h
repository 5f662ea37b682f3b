/* C threads that call Go and end. */
#ifndef THREADS_H
#define THREADS_H

#include <stdint.h>

struct seen {
    int callbacks;
    int wrong; /* results that are not the thread's own */
    int moved; /* callbacks at whose C the stack was elsewhere, counted from where the thread began, than at the first */
};

/* Make `threads` threads, `at_once` at a time, which call Go `calls` times each, from C frames of their own. */
struct seen come_and_go(int threads, int at_once, int calls);

/* Called by the callback: how deep is the stack here? */
void measure(void);

int keys_taken(void); /* pthread keys that were taken away before Go could have one */

#endif
