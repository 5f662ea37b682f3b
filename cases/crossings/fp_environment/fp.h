/* C that changes how floating-point numbers are rounded, calls Go, and looks again. */
#ifndef FP_H
#define FP_H

enum mode { NEAREST, UPWARD, DOWNWARD, TOWARD_ZERO, FLUSHING, MODES };

struct kept {
    int same;    /* the control bits are what they were before the call */
    int mode;    /* the rounding mode by fegetround; FLUSHING never */
    int divides; /* C's own division is rounded as it was before the call */
    int values;  /* doubles and vectors alive across the call are what they were */
};

/* Set the mode, call goCallback(what), see what is left of it, and put back what was before. */
struct kept call_go(enum mode mode, int what);

/* The same on a new pthread, `times` times without a change of the mode in between; what the last call left. */
struct kept call_go_on_c_thread(enum mode mode, int what, int times);

/* Set the mode and return with it; take all modes back. */
void leave_with(enum mode mode);
void leave_as_at_first(void);

/* In C, now: are control bits and the last bit of a long double what they were before Go started? 1 and 2. */
int as_before_go(void);

/* The same on a new pthread that begins with the C library's default, before its first callback or after `times`. */
int as_before_go_on_c_thread(int times);

#endif
