#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "signals.h"
#include "_cgo_export.h"

int handled;

/* Volatile, so that the compiler cannot know that the values computed before and after are the same. */
static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

typedef int32_t quad __attribute__((vector_size(16)));

static int once(int sig)
{
    const int64_t a = sig * unit, b = sig - unit, c = sig + unit, d = 3 * unit, e = 5 - unit, f = 7 + unit;
    const double g = sig + half, h = sig * half, i = 3 + half, j = 5 - half;
    quad k = {sig, (int32_t)unit, 3, 4}, l = k * k;

    if (raise(sig) != 0)
        abort();
    quad k2 = {sig, (int32_t)unit, 3, 4}, l2 = k2 * k2;
    return a != sig * unit || b != sig - unit || c != sig + unit || d != 3 * unit || e != 5 - unit || f != 7 + unit ||
           g != sig + half || h != sig * half || i != 3 + half || j != 5 - half || memcmp(&l, &l2, sizeof l) != 0;
}

struct kept raise_often(int sig, int times)
{
    struct kept k = {0, 0};

    for (; k.signals < times; k.signals++)
        k.wrong += once(sig);
    return k;
}

struct job {
    int sig, times, callback_first;
    struct kept kept;
};

static void *thread(void *p)
{
    struct job *j = p;

    if (j->callback_first)
        goNothing();
    j->kept = raise_often(j->sig, j->times);
    return NULL;
}

struct kept raise_often_on_c_thread(int sig, int times, int callback_first)
{
    struct job j = {.sig = sig, .times = times, .callback_first = callback_first};
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.kept;
}

static int stopped;

/* A sum that takes a while, in integer and floating-point registers, without a call. */
static __attribute__((noinline)) double sum(int n)
{
    double x = half, y = 0;
    int64_t z = 1;

    for (int i = 1; i < n; i++) {
        y += x * i;
        z = z * 31 + i;
        x = 1 - x;
    }
    return y + (double)(z & 0xffff);
}

struct kept compute(void)
{
    struct kept k = {0, 0};
    const double right = sum(1000);

    goBusy((int)syscall(SYS_gettid));
    while (!__atomic_load_n(&stopped, __ATOMIC_SEQ_CST))
        k.wrong += sum(1000) != right;
    __atomic_store_n(&stopped, 0, __ATOMIC_SEQ_CST);
    return k;
}

void stop_computing(void)
{
    __atomic_store_n(&stopped, 1, __ATOMIC_SEQ_CST);
}

static void handle(int sig)
{
    (void)sig;
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

void handle_urgent(void)
{
    struct sigaction ours = {.sa_handler = handle, .sa_flags = SA_ONSTACK | SA_RESTART};

    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGURG, &ours, NULL) != 0)
        abort();
}
