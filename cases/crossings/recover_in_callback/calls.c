#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "_cgo_export.h"

/* Volatile, so that the compiler cannot know that the values computed before and after are the same. */
static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

static __attribute__((noinline)) int64_t descend(int what, int number, int frames, struct kept *k, uintptr_t *deepest)
{
    int64_t a = number * unit, b = number - unit, c = frames + unit, result;
    double d = number + half, e = frames * half;
    volatile char here = 0;

    if (frames > 1) {
        result = descend(what, number, frames - 1, k, deepest);
    } else {
        k->moved += *deepest != 0 && *deepest != (uintptr_t)&here;
        *deepest = (uintptr_t)&here;
        result = goCallback(what, number);
    }
    k->wrong_values += a != number * unit || b != number - unit || c != frames + unit || d != number + half ||
                       e != frames * half || here != 0;
    return result;
}

struct kept call_go(int what, int times, int frames)
{
    struct kept k = {0, 0, 0};
    uintptr_t deepest = 0;

    for (int number = 0; number < times; number++)
        k.wrong_results += descend(what, number, frames, &k, &deepest) != number * unit;
    return k;
}

struct job {
    int what, times, frames;
    struct kept kept;
};

static void *thread(void *p)
{
    struct job *j = p;
    j->kept = call_go(j->what, j->times, j->frames);
    return NULL;
}

struct kept call_go_on_c_thread(int what, int times, int frames)
{
    struct job j = {.what = what, .times = times, .frames = frames};
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.kept;
}

void call_leave(int depth)
{
    volatile char here = 0;

    goLeave(depth, (int)syscall(SYS_gettid), (uintptr_t)&here);
    here = 1; /* no tail call */
}

static void *leaving_thread(void *p)
{
    call_leave(1);
    return p;
}

void call_leave_on_c_thread(void)
{
    pthread_t t;

    if (pthread_create(&t, NULL, leaving_thread, NULL) != 0 || pthread_join(t, NULL) != 0)
        abort();
}
