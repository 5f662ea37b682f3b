/* A C program with a SIGSEGV handler of its own, from before Go starts or in front of Go's. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcase.h"

/* How the handler deals with a fault that C expects. */
enum { OPENS, JUMPS };

static int mended, handed_on;
static int lost; /* values of its own that the handler lost when it called the one before it */
static struct sigaction before;

static __thread volatile int expecting;
static __thread int how;
static __thread char *volatile page;
static __thread sigjmp_buf back;

static volatile int64_t unit = 1000001;

static void hand_on(int sig, siginfo_t *info, void *context)
{
    const int64_t a = sig * unit, b = sig - unit, c = sig + unit, d = 3 * unit, e = 5 - unit, f = 7 + unit;
    const int64_t g = 9 * unit, h = 11 - unit;

    before.sa_sigaction(sig, info, context);
    if (a != sig * unit || b != sig - unit || c != sig + unit || d != 3 * unit || e != 5 - unit || f != 7 + unit)
        lost = 1;
    if (g != 9 * unit || h != 11 - unit)
        lost = 1;
}

static void handle(int sig, siginfo_t *info, void *context)
{
    if (expecting) {
        expecting = 0;
        __atomic_add_fetch(&mended, 1, __ATOMIC_SEQ_CST);
        if (how == JUMPS)
            siglongjmp(back, 1);
        if (mprotect(page, (size_t)sysconf(_SC_PAGESIZE), PROT_READ) != 0)
            abort();
        return;
    }
    __atomic_add_fetch(&handed_on, 1, __ATOMIC_SEQ_CST);
    if (before.sa_flags & SA_SIGINFO)
        hand_on(sig, info, context);
    else
        signal(sig, SIG_DFL); /* the access happens again, and ends the program */
}

static void install(void)
{
    struct sigaction ours = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGSEGV, &ours, &before) != 0)
        abort();
}

#ifdef BEFORE
/* Before the constructors of shared libraries, and so before Go in one (gABI, "Initialization and Termination Functions"). */
static void (*const first)(void) __attribute__((section(".preinit_array"), used)) = install;
#endif

/* Read from a page of no access; 1 if that went as the handler was to make it. */
static int read_closed(int way)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    volatile int right = 0;

    page = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        abort();
    how = way;
    if (way == JUMPS) {
        if (sigsetjmp(back, 1) == 0) {
            expecting = 1;
            right = *page; /* not reached: the page says 0 */
        } else {
            right = !expecting;
        }
    } else {
        expecting = 1;
        right = *page == 0 && !expecting;
    }
    munmap(page, size);
    return right;
}

static void report(const char *where, int right)
{
    printf("%s: right %s; mended by C's handler %d, handed on by it %d\n", where, right ? "yes" : "NO", mended, handed_on);
    mended = handed_on = 0;
}

static void *thread(void *right)
{
    *(int *)right = read_closed(OPENS) && GoFault() && read_closed(JUMPS) && GoCalls(read_closed, OPENS) == 1;
    return NULL;
}

int main(void)
{
    int right = 0;
    pthread_t other;

    setvbuf(stdout, NULL, _IOLBF, 0);
#ifndef BEFORE
    GoFault(); /* the handlers of Go are there when this returns */
    install();
#endif
    report("in the host, page opened", read_closed(OPENS));
    report("in the host, jumped back", read_closed(JUMPS));
    report("twice in Go", GoFault() && GoFault());
    report("in the host after it, page opened", read_closed(OPENS));
    report("in C called by two goroutines, page opened", GoCalls(read_closed, OPENS) == 1);
    report("in C called by two goroutines, jumped back", GoCalls(read_closed, JUMPS) == 1);
    if (pthread_create(&other, NULL, thread, &right) != 0 || pthread_join(other, NULL) != 0)
        abort();
    report("on a thread of the host's, in C, in Go, in C and in C called by Go", right);
    printf("lost by C's handler across Go's: %s\n", lost ? "integers" : "nothing");
    return 0;
}
