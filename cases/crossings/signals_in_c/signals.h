/* C that works while signals of the runtime's own land in it. */
#ifndef SIGNALS_H
#define SIGNALS_H

struct kept {
    int signals; /* that were raised, or that arrived while C was busy */
    int wrong;   /* results or values that a signal changed */
};

/* Raise the signal so many times, each with values alive in registers, in vectors and on the stack. */
struct kept raise_often(int sig, int times);
struct kept raise_often_on_c_thread(int sig, int times, int callback_first);

/* Compute until told to stop, on this thread, whose number is given to goBusy first; how often the sum was wrong. */
struct kept compute(void);
void stop_computing(void);

extern int handled; /* SIGURGs that C's own handler got */
void handle_urgent(void);

#endif
