/* Callbacks in a signal handler of C's: on the thread's stack, and on an alternate signal stack. */
#ifndef ALTSTACK_H
#define ALTSTACK_H

enum place { NORMAL, ALTERNATE };

struct kept {
    int callbacks;
    int wrong;     /* wrong results, and values that are not what they were */
    int elsewhere; /* callbacks whose handler did not run on the stack that it should */
};

/* On a new pthread with an alternate stack of its own: raise `times` signals, with a callback before them or not. */
struct kept raise_on_c_thread(enum place place, int times, int callback_first);

/* On the thread of whoever calls. */
struct kept raise_here(enum place place, int times);

#endif
