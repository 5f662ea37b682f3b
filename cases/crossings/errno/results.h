/* C functions that set errno, or do not. */
#ifndef RESULTS_H
#define RESULTS_H

/* What a call saw of its own thread's errno. */
struct seen {
    int before; /* when C was entered */
    int after;  /* after Go had been called */
};

/* Give back `result` and set errno, whatever the result is. */
int set_errno(int value, int result);

/* The same without a result. */
void set_errno_only(int value);

/* Leave errno as it is. */
int leave_errno(int result);
int read_errno(void);

/* Set errno, call Go's goCallback(what), and say what errno is then. */
struct seen around_callback(int value, int what);

/* Wait in C until `threads` threads have come here, each with an errno of its own; then return with it. */
int meet_with_errno(int value, int threads);

#endif
