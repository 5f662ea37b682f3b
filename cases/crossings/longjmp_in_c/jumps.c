#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include "jumps.h"
#include "_cgo_export.h"

static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

static __attribute__((noinline)) void descend(jmp_buf back, int frames, int number, int depth, struct landed *inner)
{
    volatile char locals[256];

    locals[number % 256] = 1;
    if (frames > 1) {
        descend(back, frames - 1, number, depth, inner);
    } else {
        struct landed l = goCallback(number, depth);
        inner->jumps += l.jumps;
        inner->wrong += l.wrong;
        longjmp(back, number + 1);
    }
    locals[number % 256] = 2; /* no tail call */
}

struct landed jump(int times, int frames, int depth)
{
    /* Values that longjmp promises to bring back: not changed after setjmp, so they may live in callee-saved registers. */
    const int64_t a = times * unit, b = frames - unit, c = depth + unit;
    const double d = times + half, e = frames * half;
    struct landed sum = {0, 0, 0}, *keep = &sum; /* by a pointer, because what changes after setjmp must be in memory */
    jmp_buf back;
    volatile int number;
    volatile uintptr_t deepest = 0;

    for (number = 0; number < times; number++) {
        int came = setjmp(back);
        if (came == 0)
            descend(back, frames, number, depth, keep);
        volatile char here = 0;
        if (deepest != 0 && deepest != (uintptr_t)&here)
            keep->depths++;
        deepest = (uintptr_t)&here;
        keep->jumps++;
        keep->wrong += came != number + 1 || a != times * unit || b != frames - unit || c != depth + unit ||
                       d != times + half || e != frames * half;
    }
    return *keep;
}

struct job {
    int times, frames, depth;
    struct landed landed;
};

static void *thread(void *p)
{
    struct job *j = p;
    j->landed = jump(j->times, j->frames, j->depth);
    return NULL;
}

struct landed jump_on_c_thread(int times, int frames, int depth)
{
    struct job j = {.times = times, .frames = frames, .depth = depth};
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.landed;
}
