/* Coroutines of C's own, by ucontext, on stacks that no thread was made with. */
#ifndef COROUTINE_H
#define COROUTINE_H

struct kept {
    int steps; /* callbacks that came back to their coroutine */
    int wrong; /* wrong results, and values of the coroutine's that are not what they were */
};

/* On a new pthread: `coroutines` of them in turn, `rounds` callbacks each; `depth` callbacks nested in each. */
struct kept run_on_c_thread(int coroutines, int rounds, int depth);

/* Called by a callback: a further one from the same stack. */
int go_deeper(int depth, int number);

#endif
