#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#include "coroutine.h"
#include "_cgo_export.h"

#define STACK (256 << 10)

static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

static __thread ucontext_t scheduler, coroutine[8];
static __thread struct kept kept;
static __thread int rounds_of_each, depth_of_each;

int go_deeper(int depth, int number)
{
    return goCallback(depth, number);
}

static void body(int self)
{
    const int64_t a = self * unit, b = self - unit;
    const double c = self + half;

    for (int round = 0; round < rounds_of_each; round++) {
        kept.wrong += goCallback(depth_of_each, self * 100 + round) != (self * 100 + round) * 3 + depth_of_each;
        kept.wrong += a != self * unit || b != self - unit || c != self + half;
        kept.steps++;
        swapcontext(&coroutine[self], &scheduler); /* the others have their turn; Go is not on this stack meanwhile */
        kept.wrong += a != self * unit || b != self - unit || c != self + half;
    }
}

static struct kept run(int coroutines, int rounds, int depth)
{
    char *stacks = malloc((size_t)coroutines * STACK);

    if (stacks == NULL || coroutines > 8)
        abort();
    kept = (struct kept){0, 0};
    rounds_of_each = rounds;
    depth_of_each = depth;
    for (int i = 0; i < coroutines; i++) {
        getcontext(&coroutine[i]);
        coroutine[i].uc_stack.ss_sp = stacks + (size_t)i * STACK;
        coroutine[i].uc_stack.ss_size = STACK;
        coroutine[i].uc_link = &scheduler;
        makecontext(&coroutine[i], (void (*)(void))body, 1, i);
    }
    for (int round = 0; round <= rounds; round++) {
        for (int i = 0; i < coroutines; i++)
            swapcontext(&scheduler, &coroutine[i]);
        kept.wrong += goCallback(depth, round) != round * 3 + depth; /* on the thread's own stack, in between */
    }
    free(stacks);
    return kept;
}

struct job {
    int coroutines, rounds, depth;
    struct kept kept;
};

static void *thread(void *p)
{
    struct job *j = p;
    j->kept = run(j->coroutines, j->rounds, j->depth);
    return NULL;
}

struct kept run_on_c_thread(int coroutines, int rounds, int depth)
{
    struct job j = {.coroutines = coroutines, .rounds = rounds, .depth = depth};
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.kept;
}
