package main

/*
#include <pthread.h>
#include <stdlib.h>

extern void goNest(int);
extern void goStep(void);
extern void goNothing(void);

static void nest(int n) { goNest(n); }
static void step(void) { goStep(); }

static int triple(int x) { return 3 * x; }
static int (*volatile by_pointer)(int) = triple;

// A thread calls by a pointer, then Go, and ends: Go is called once more then, from the C library. The next one's
// stack is the same memory. Each has another frame.
#define THREAD(n)                                                                                                      \
    static void *thread_##n(void *p)                                                                                   \
    {                                                                                                                  \
        volatile char room[16 * n + 8];                                                                                \
        room[0] = by_pointer(n);                                                                                       \
        goNothing();                                                                                                   \
        room[1] = 1;                                                                                                   \
        return p;                                                                                                      \
    }
THREAD(0) THREAD(1) THREAD(2) THREAD(3) THREAD(4) THREAD(5) THREAD(6) THREAD(7) THREAD(8) THREAD(9) THREAD(10)
THREAD(11) THREAD(12) THREAD(13) THREAD(14) THREAD(15) THREAD(16) THREAD(17) THREAD(18) THREAD(19) THREAD(20)
static void *(*const threads[])(void *) = {
    thread_0,  thread_1,  thread_2,  thread_3,  thread_4,  thread_5,  thread_6,  thread_7,  thread_8,  thread_9, thread_10,
    thread_11, thread_12, thread_13, thread_14, thread_15, thread_16, thread_17, thread_18, thread_19, thread_20};

static void one_after_another(void)
{
    for (int i = 0; i < 42; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, threads[i % 21], NULL) != 0)
            abort();
        pthread_join(thread, NULL);
    }
}
*/
import "C"

import (
	"fmt"
	"runtime"
)

//export goNothing
func goNothing() {}

func recovered(what func()) {
	defer func() { recover() }()
	what()
}

// goNest calls C down to the innermost level, which has twenty callbacks end by a panic.
//
//export goNest
func goNest(n C.int) {
	if n < 0 {
		panic("out")
	}
	if n > 0 {
		C.nest(n - 1)
		return
	}
	for i := 0; i < 20; i++ {
		recovered(func() { C.nest(-1) })
	}
}

func nested() {
	for i := 0; i < 20; i++ {
		C.nest(9)
	}
}

func threads() { C.one_after_another() }

var (
	steps [2]func(func())
	taken int
	last  func()
	sink  byte
)

//go:noinline
func touch(p *byte) { *p++; sink += *p }

//go:noinline
func small(f func()) {
	var room [256]byte
	touch(&room[0])
	f()
	touch(&room[1])
}

//go:noinline
func long(f func()) {
	var room [512]byte
	touch(&room[0])
	f()
	touch(&room[1])
}

//go:noinline
func longer(f func()) {
	var room [720]byte
	touch(&room[0])
	f()
	touch(&room[1])
}

//go:noinline
func enter() { C.step() }

// goStep is two levels of callbacks, with frames between that are in another order for every second goroutine.
//
//export goStep
func goStep() {
	taken++
	if taken == 1 {
		steps[1](enter)
	} else {
		last()
	}
}

// gives has a goroutine panic out of both levels; grows has one of which the stack grows within the inner level, to where
// that of the first one was, and a third level recovers.
func gives() {
	grow(18)
	steps = [2]func(func()){small, long}
	last = func() { panic("out") }
	steps[0](enter)
}

func grows() {
	steps = [2]func(func()){long, small}
	last = func() {
		grow(18)
		recovered(func() {
			last = func() { panic("out") }
			longer(enter)
		})
	}
	steps[0](enter)
}

// regrown has the memory of one goroutine's stack become that of the next one's, which has the first one's g.
func regrown() {
	runtime.GOMAXPROCS(1)
	for i := 0; i < 40; i++ {
		for _, each := range []func(){gives, grows} {
			done := make(chan bool)
			go func() {
				defer close(done)
				taken = 0
				recovered(each)
			}()
			<-done
		}
	}
	fmt.Println(2 * 40) // callbacks that return
}
