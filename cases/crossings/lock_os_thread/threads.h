/* Which thread runs this? */
#ifndef THREADS_H
#define THREADS_H

struct seen {
    int before, after; /* C's thread before and after the callback */
};

int thread_id(void);

/* Call Go's goCallback(what, depth). */
struct seen call_go(int what, int depth);

/* Call it so many times on one new pthread, and count the calls after which the thread was another one. */
int call_go_on_c_thread(int what, int times);

#endif
