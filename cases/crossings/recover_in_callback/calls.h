/* C frames with live values around calls of Go. */
#ifndef CALLS_H
#define CALLS_H

#include <stdint.h>

struct kept {
    int wrong_results; /* results of callbacks that are not what the deferred function gave */
    int wrong_values;  /* values of C's own that a callback changed */
    int moved;         /* calls at which the stack pointer was not what it was at the first one */
};

/* Call Go's goCallback(what, 0), …(what, times - 1), each from a frame of its own `frames` C frames below. */
struct kept call_go(int what, int times, int frames);

/* The same on a new pthread. */
struct kept call_go_on_c_thread(int what, int times, int frames);

/* Call goLeave(depth) and never look at anything after it; where the stack is, is told to goLeave. */
void call_leave(int depth);
void call_leave_on_c_thread(void);

#endif
