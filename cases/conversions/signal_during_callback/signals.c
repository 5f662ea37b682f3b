#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "signals.h"
#include "_cgo_export.h"

/* Volatile, so that the compiler cannot know that the values computed before and after are the same. */
static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

void raise_here(int sig)
{
    if (raise(sig) != 0)
        abort();
}

struct outcome call_go(enum place place, int sig)
{
    int64_t words[16];
    int64_t a = sig * unit, b = sig - unit, c = sig + unit;
    double d = sig + half, e = sig * half;
    struct outcome o;

    for (int i = 0; i < 16; i++)
        words[i] = sig * unit + i;

    if (place == IN_C)
        raise_here(sig);
    o.result = goCallback(place, sig, 0.25);

    o.locals_intact = a == sig * unit && b == sig - unit && c == sig + unit && d == sig + half && e == sig * half;
    for (int i = 0; i < 16; i++)
        o.locals_intact = o.locals_intact && words[i] == sig * unit + i;
    return o;
}

struct job {
    enum place place;
    int sig;
    struct outcome outcome;
};

static void *thread(void *p)
{
    struct job *j = p;
    j->outcome = call_go(j->place, j->sig);
    return NULL;
}

struct outcome call_go_on_c_thread(enum place place, int sig)
{
    struct job j = {.place = place, .sig = sig};
    pthread_t t;
    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.outcome;
}
