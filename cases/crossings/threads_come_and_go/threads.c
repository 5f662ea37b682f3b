#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "threads.h"
#include "_cgo_export.h"

static int taken;

#ifdef WITHOUT_KEYS
/* Take all pthread keys, so that the runtime gets none and lets go of the thread after each callback. */
static __attribute__((constructor(101))) void take_keys(void)
{
    pthread_key_t key;

    while (pthread_key_create(&key, NULL) == 0)
        taken++;
}
#endif

int keys_taken(void)
{
    return taken;
}

static __thread uintptr_t began;
static struct seen sum;
static intptr_t first;

void measure(void)
{
    volatile char here = 0;
    intptr_t depth = (intptr_t)(began - (uintptr_t)&here), none = 0;

    if (!__atomic_compare_exchange_n(&first, &none, depth, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) && none != depth)
        __atomic_add_fetch(&sum.moved, 1, __ATOMIC_SEQ_CST);
}

struct job {
    int number, calls;
};

static void *thread(void *p)
{
    volatile char here = 0;
    struct job j = *(struct job *)p;

    began = (uintptr_t)&here;
    for (int i = 0; i < j.calls; i++) {
        if (goCallback(j.number, i) != (int64_t)j.number * 1000 + i)
            __atomic_add_fetch(&sum.wrong, 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&sum.callbacks, 1, __ATOMIC_SEQ_CST);
    }
    return (void *)(uintptr_t)here;
}

struct seen come_and_go(int threads, int at_once, int calls)
{
    pthread_t t[16];
    struct job jobs[16];

    sum = (struct seen){0, 0, 0};
    for (int done = 0; done < threads; done += at_once) {
        for (int i = 0; i < at_once; i++) {
            jobs[i] = (struct job){done + i, calls};
            if (pthread_create(&t[i], NULL, thread, &jobs[i]) != 0)
                abort();
        }
        for (int i = 0; i < at_once; i++)
            if (pthread_join(t[i], NULL) != 0)
                abort();
    }
    return sum;
}
