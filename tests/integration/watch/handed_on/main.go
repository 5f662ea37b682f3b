package main

/*
#cgo LDFLAGS: -lm -lpthread
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SIZE = 1 << 16, STACK = 1 << 18, CALLBACKS = 20 };

extern int goAdd(int);
extern int goSignal(int);

static __thread sigjmp_buf out;
static __thread volatile int jumps;
static char *page;
static volatile int faults, signals;

static void on_fault(int number, siginfo_t *info, void *context)
{
    __sync_fetch_and_add(&faults, 1);
    if (jumps)
        siglongjmp(out, 1);
    fesetround(FE_TOWARDZERO);
    mprotect(page, SIZE, PROT_READ | PROT_WRITE);
}

static void on_signal(int number, siginfo_t *info, void *context) { __sync_fetch_and_add(&signals, 1); }

static void install(int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    action.sa_sigaction = handler;
    if (sigaction(number, &action, NULL) != 0)
        abort();
}

__attribute__((constructor)) static void before_go(void)
{
    install(SIGSEGV, on_fault);
    page = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void after_go(void) { install(SIGUSR1, on_signal); }

static int __attribute__((noinline)) fault(int number)
{
    jumps = 1;
    if (sigsetjmp(out, 1) == 0)
        *(volatile char *)page = number;
    jumps = 0;
    return number + 1;
}

static int jump(int number)
{
    int got = fault(number);

    goAdd(number);
    raise(SIGUSR1);
    return got;
}

static void *in_thread(void *unused)
{
    for (int i = 0; i < 5; i++)
        jump(i);
    return NULL;
}

static void in_threads(void)
{
    pthread_t running[2];

    for (int i = 0; i < 2; i++)
        if (pthread_create(&running[i], NULL, in_thread, NULL) != 0)
            abort();
    for (int i = 0; i < 2; i++)
        pthread_join(running[i], NULL);
}

static int one(void) { return 1; }
static int (*volatile by_pointer)(void) = one;

static void on_own_stack(int number, siginfo_t *info, void *context) { signals += by_pointer(); }
static void signal_in_call(void) { raise(SIGUSR2); }

static void *with_stack_above(void *stack)
{
    stack_t own = {.ss_sp = stack, .ss_size = SIZE};

    if (sigaltstack(&own, NULL) != 0)
        abort();
    for (int i = 0; i < CALLBACKS; i++)
        if (goSignal(i) != i + 1)
            abort();
    own.ss_flags = SS_DISABLE;
    sigaltstack(&own, NULL);
    return NULL;
}

// A thread of C whose signals have a stack right above its own.
static void in_thread_with_stack_above(void)
{
    char *stacks = mmap(NULL, STACK + SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t own;
    pthread_t running;

    install(SIGUSR2, on_own_stack);
    pthread_attr_init(&own);
    if (pthread_attr_setstack(&own, stacks, STACK) != 0 ||
        pthread_create(&running, &own, with_stack_above, stacks + STACK) != 0)
        abort();
    pthread_join(running, NULL);
}

static void write_to_page(void)
{
    *(volatile char *)page = 1;
    mprotect(page, SIZE, PROT_READ);
}

static int is_to_nearest(void) { return fegetround() == FE_TONEAREST; }
static int count_of_faults(void) { return faults; }
static int count_of_signals(void) { return signals; }
*/
import "C"

import (
	"fmt"
	"os"
)

const each = 5

//export goAdd
func goAdd(number C.int) C.int { return number + 1 }

//export goSignal
func goSignal(number C.int) C.int {
	C.signal_in_call()
	return number + 1
}

func main() {
	C.after_go()
	switch os.Args[1] {
	case "jumps":
		for number := C.int(0); number < each; number++ {
			if C.jump(number) != number+1 {
				panic("a fault was not survived")
			}
		}
		C.in_threads()
	case "above":
		C.in_thread_with_stack_above()
	case "rounds":
		for i := 0; i < each; i++ {
			C.write_to_page()
		}
	}
	if C.is_to_nearest() == 0 {
		panic("the kernel has not put the rounding mode back")
	}
	fmt.Println(C.count_of_faults(), C.count_of_signals())
}
