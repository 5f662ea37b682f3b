/* C's side of the chain: c_enter -> c_twice -> c_wide -> goEnter -> goTwice -> ... -> c_bottom. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "chain.h"

static volatile int seen;

__attribute__((noipa)) void c_bottom(int depth) { seen += depth; }

/* A frame whose size is known at run time only: its CFA hangs on a preserved register. */
__attribute__((noipa)) static void c_wide(int left, int deepest, int size)
{
	volatile char *room = __builtin_alloca(size);
	memset((char *)room, size, size);
	goEnter(left, deepest);
	seen += room[size - 1];
}

__attribute__((noipa)) static void c_twice(int times, int left, int deepest)
{
	if (times > 0)
		c_twice(times - 1, left, deepest);
	else
		c_wide(left, deepest, 16 + 24 * left);
	seen += times;
}

__attribute__((noipa)) void c_enter(int left, int deepest)
{
	c_bottom(deepest - left);
	if (left > 0)
		c_twice(1, left - 1, deepest);
	seen++;
}

static void *c_start(void *deepest)
{
	goEnter(*(int *)deepest, *(int *)deepest);
	return 0;
}

/* C creates a thread that calls into Go, so that C is at the outermost end of the chain. */
__attribute__((noipa)) void c_thread(int deepest)
{
	pthread_t thread;
	pthread_create(&thread, 0, c_start, &deepest);
	pthread_join(thread, 0);
	seen++;
}

__attribute__((noipa)) void c_fault(int kind)
{
	static void *volatile data = &seen;
	switch (kind) {
	case 0: *(volatile int *)16 = 1; break;
	case 1: abort(); break;
	case 2: __builtin_trap(); break;
	case 3: ((void (*)(void))data)(); break;
	}
	seen++;
}
