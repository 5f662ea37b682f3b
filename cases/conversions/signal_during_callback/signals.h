/* Signals that a thread sends to itself: each is delivered before raise returns, so nothing depends on time. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdint.h>

/* Where the signal arrives. */
enum place { IN_GO, IN_C_CALLED_BY_GO, IN_C };

struct outcome {
    int64_t result;    /* of the callback */
    int locals_intact; /* C's own values, kept across signal and callback */
};

void raise_here(int sig);

/* Call Go's goCallback with values alive in registers and on the stack; IN_C: let the signal arrive before. */
struct outcome call_go(enum place place, int sig);

/* The same on a new pthread: IN_C then hits a thread that Go has never seen. */
struct outcome call_go_on_c_thread(enum place place, int sig);

#endif
