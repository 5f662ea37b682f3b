#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "handler.h"
#include "_cgo_export.h"

int expected, handed_on, lost;

static struct sigaction before; /* the handler that was there before ours */

/* Each thread's own; the address is not looked at, because some emulators do not tell it. */
static __thread volatile int expecting;
static __thread enum way how;
static __thread char *volatile page;
static __thread sigjmp_buf back;

static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

/* Give the signal to the handler before ours, with values of our own alive in registers meanwhile. */
static void hand_on(int sig, siginfo_t *info, void *context)
{
    const int64_t a = sig * unit, b = sig - unit, c = sig + unit, d = 3 * unit, e = 5 - unit, f = 7 + unit;
    const double g = sig + half, h = sig * half, i = 3 + half, j = 5 - half;

    before.sa_sigaction(sig, info, context);
    if (a != sig * unit || b != sig - unit || c != sig + unit || d != 3 * unit || e != 5 - unit || f != 7 + unit)
        lost |= LOST_INTEGERS;
    if (g != sig + half || h != sig * half || i != 3 + half || j != 5 - half)
        lost |= LOST_DOUBLES;
}

static void handle(int sig, siginfo_t *info, void *context)
{
    if (expecting) {
        expecting = 0;
        __atomic_add_fetch(&expected, 1, __ATOMIC_SEQ_CST);
        if (how == JUMPS)
            siglongjmp(back, 1);
        if (mprotect(page, (size_t)sysconf(_SC_PAGESIZE), PROT_READ) != 0)
            abort();
        return;
    }
    __atomic_add_fetch(&handed_on, 1, __ATOMIC_SEQ_CST);
    if (before.sa_flags & SA_SIGINFO)
        hand_on(sig, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(sig);
    else
        signal(sig, SIG_DFL); /* the access happens again, and ends the program */
}

void install(void)
{
    struct sigaction ours = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGSEGV, &ours, &before) != 0)
        abort();
}

#ifdef CONSTRUCTOR
/* Before Go starts: 101 is the first that a program may have, and a Go library starts in a constructor without number. */
static __attribute__((constructor(101))) void first(void)
{
    install();
}
#endif

static __attribute__((noinline)) int descend(int frames)
{
    volatile int local = frames;
    return (frames > 1 ? descend(frames - 1) : page[local - 1]) + local - frames;
}

struct seen fault(enum way way, int frames)
{
    const int64_t a = way * unit, b = frames - unit;
    const double c = frames + half, d = way * half;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    struct seen s = {0, 0};

    page = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        abort();
    how = way;
    if (way == JUMPS) {
        if (sigsetjmp(back, 1) == 0) {
            expecting = 1;
            descend(frames);
        } else {
            s.right = !expecting;
        }
    } else {
        expecting = 1;
        s.right = descend(frames) == 0 && !expecting;
    }
    s.values = a == way * unit && b == frames - unit && c == frames + half && d == way * half;
    munmap(page, size);
    return s;
}

struct job {
    enum way way;
    struct seen seen;
};

static void *thread(void *p)
{
    struct job *j = p;
    struct seen first = fault(j->way, 1), last;

    goFault(j->way);
    last = fault(j->way, 5);
    j->seen = (struct seen){first.right && last.right, first.values && last.values};
    return NULL;
}

struct seen fault_on_c_thread(enum way way)
{
    struct job j = {.way = way};
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.seen;
}

int fault_unexpected(void)
{
    return *(volatile int *)(uintptr_t)0x5e8;
}
