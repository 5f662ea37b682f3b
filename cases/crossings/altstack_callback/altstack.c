#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "altstack.h"
#include "_cgo_export.h"

#define STACK (256 << 10)

static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

static __thread struct kept kept;
static __thread uintptr_t low, high; /* of the alternate stack */

static void handle(int sig)
{
    volatile char here = 0;

    kept.elsewhere += here;
    if (high != 0)
        kept.elsewhere += !((uintptr_t)&here >= low && (uintptr_t)&here < high);
    kept.callbacks++;
    kept.wrong += goCallback(kept.callbacks, sig) != kept.callbacks * 3 + sig;
}

static void install(enum place place)
{
    struct sigaction ours = {.sa_handler = handle, .sa_flags = place == ALTERNATE ? SA_ONSTACK : 0};

    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGUSR2, &ours, NULL) != 0)
        abort();
}

struct kept raise_here(enum place place, int times)
{
    kept = (struct kept){0, 0, 0};
    install(place);
    for (int i = 0; i < times; i++) {
        const int64_t a = i * unit, b = i - unit, c = i + unit;
        const double d = i + half, e = i * half;

        if (raise(SIGUSR2) != 0)
            abort();
        kept.wrong += a != i * unit || b != i - unit || c != i + unit || d != i + half || e != i * half;
    }
    return kept;
}

struct job {
    enum place place;
    int times, callback_first;
    struct kept kept;
};

static void *thread(void *p)
{
    struct job *j = p;
    stack_t alternate = {.ss_sp = malloc(STACK), .ss_size = STACK}, off = {.ss_flags = SS_DISABLE};

    if (alternate.ss_sp == NULL || sigaltstack(&alternate, NULL) != 0)
        abort();
    if (j->place == ALTERNATE) {
        low = (uintptr_t)alternate.ss_sp;
        high = low + STACK;
    }
    if (j->callback_first)
        goCallback(0, 0);
    j->kept = raise_here(j->place, j->times);
    if (sigaltstack(&off, NULL) != 0)
        abort();
    free(alternate.ss_sp);
    return NULL;
}

struct kept raise_on_c_thread(enum place place, int times, int callback_first)
{
    struct job j = {.place = place, .times = times, .callback_first = callback_first};
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.kept;
}
