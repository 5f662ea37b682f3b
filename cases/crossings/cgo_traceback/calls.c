// C functions that are seen in tracebacks.
#include <pthread.h>
#include <stdint.h>

#include "_cgo_export.h" // with frames.h

__attribute__((noinline)) void c_inner(int left, int what) {
	goCallback(left, what);
	__asm__ volatile("");
}

__attribute__((noinline)) void c_outer(int left, int what) {
	c_inner(left, what);
	__asm__ volatile("");
}

static int asked[2];

void *c_thread(void *_) {
	(void)_;
	c_outer(asked[0], asked[1]);
	return NULL;
}

void c_on_a_thread(int left, int what) {
	pthread_t thread;
	asked[0] = left;
	asked[1] = what;
	pthread_create(&thread, NULL, c_thread, NULL);
	pthread_join(thread, NULL);
}

__attribute__((noinline)) void c_fault(void) {
	*(volatile int *)(intptr_t)16 = 1;
}
