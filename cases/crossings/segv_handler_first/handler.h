/* A SIGSEGV handler of C's own: it mends the faults that C expects, and hands on all others. */
#ifndef HANDLER_H
#define HANDLER_H

/* How the handler deals with a fault that C expects. */
enum way {
    OPENS, /* make the page readable and return, as garbage collectors and simulators do */
    JUMPS  /* siglongjmp to before the access, as probes of memory do */
};

struct seen {
    int right;  /* what was read, or that the jump came, is as it should be */
    int values; /* C's own values are what they were before the fault */
};

extern int expected, handed_on; /* faults that the handler mended, and those that it gave to the handler before it */

/* What the handler lost of its own values when it called the one before it. */
enum { LOST_INTEGERS = 1, LOST_DOUBLES = 2 };
extern int lost;

/* Put the handler in front of whatever is there. */
void install(void);

/* Read from a page of no access, `frames` frames deep. */
struct seen fault(enum way way, int frames);

/* On a new pthread: read before any callback, in C called by a callback, and after it; the callback is goFault(way). */
struct seen fault_on_c_thread(enum way way);

/* Read where nothing is, and nobody expects it. */
int fault_unexpected(void);

#endif
