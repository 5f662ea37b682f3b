#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ways.h"
#include "_cgo_export.h"

extern void crosscall2(void (*fn)(void *), void *arg, int size, size_t ctxt);

static slot in[SLOTS];

static void fill(void)
{
    for (int n = 0; n < SLOTS; n++)
        for (int i = 0; i < 16; i++)
            in[n].bytes[i] = 0x11 * i ^ n * 0x4d ^ 0x5a;
}

/* The watch holds the registers; it sees no memory. */
static void call(target_fn target, uintptr_t argument)
{
    slot out[SLOTS];
    call_with_sentinels(target, argument, in, out);
    if (memcmp(in + REGISTERS, out + REGISTERS, SPACE_BYTES) != 0)
        abort();
}

void sentinels_into_go(uintptr_t fn)
{
    fill();
    call((target_fn)crosscall2, fn);
}

void call_deep(void)
{
    goDeep();
}

/* The threads of Go's runtime start with sentinels, too: this stands before the C library's pthread_create. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static int number_ended;

struct start {
    void *(*function)(void *);
    void *argument;
};

static void *start(void *p)
{
    struct start s = *(struct start *)p;
    free(p);
    call((target_fn)s.function, (uintptr_t)s.argument);
    pthread_mutex_lock(&lock);
    number_ended++;
    pthread_cond_broadcast(&ended);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument)
{
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    struct start *s = malloc(sizeof *s);
    fill();
    s->function = function;
    s->argument = argument;
    return next(thread, attributes, start, s);
}

void wait_for_threads(int number)
{
    pthread_mutex_lock(&lock);
    while (number_ended < number)
        pthread_cond_wait(&ended, &lock);
    pthread_mutex_unlock(&lock);
}

/* A handler of C's that hands on to the one that Go installed. */
static struct sigaction before;
static int arrived;
static siginfo_t *info;
static void *context;

static void hand_on(uintptr_t fn, void *argument, int size, size_t ctxt)
{
    before.sa_sigaction(arrived, info, context);
    __asm__ volatile("" ::: "memory");
}

static void handler(int signal, siginfo_t *i, void *c)
{
    arrived = signal, info = i, context = c;
    call(hand_on, 0);
}

void chain(int signal)
{
    struct sigaction own = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigfillset(&own.sa_mask);
    if (sigaction(signal, &own, &before) != 0)
        abort();
}

static void raise_it(uintptr_t number, void *argument, int size, size_t ctxt)
{
    raise((int)number);
}

void sentinels_and_raise(int number)
{
    call(raise_it, (uintptr_t)number);
}
