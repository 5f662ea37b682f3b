package main

/*
#cgo LDFLAGS: -lpthread
#include <alloca.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

extern void goEnd(int);
extern int goCompare(int);
extern void goStay(int);

extern void goDeeper(int);

static void leaf(void) {}
static void deeper(int n) { goDeeper(n); }

static void call(int depth)
{
    volatile char *room = alloca(16 * depth + 16);
    room[0] = 1;
    goEnd(depth);
    room[1] = 1;
}

static void outer(void) { goEnd(-1); }

static void stay(int how)
{
    volatile char room[100 + 64 * how];
    room[0] = 1;
    goStay(how);
    room[1] = 1;
}

static int compare(const void *a, const void *b) { return goCompare(*(const int *)a - *(const int *)b); }

static void *sort(void *p)
{
    int numbers[24];

    for (int i = 0; i < 24; i++)
        numbers[i] = (i * 7 + (int)(intptr_t)p) % 24;
    qsort(numbers, 24, sizeof *numbers, compare);
    return NULL;
}

static void sort_on_small_stacks(int threads, int size)
{
    pthread_t running[threads];
    pthread_attr_t small;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, size);
    for (intptr_t i = 0; i < threads; i++)
        if (pthread_create(&running[i], &small, sort, (void *)i) != 0)
            abort();
    for (int i = 0; i < threads; i++)
        pthread_join(running[i], NULL);
}
*/
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

var comparisons atomic.Int64

//export goCompare
func goCompare(difference C.int) C.int {
	comparisons.Add(1)
	C.leaf()
	runtime.Gosched()
	return difference
}

// ends calls C, whose callback panics, and recovers.
func ends(depth int) (ended bool) {
	defer func() { ended = recover() == "out" }()
	C.call(C.int(depth))
	return
}

// A callback with a depth ends by a panic; the one without has many of these, at different depths of C's stack.
//
//export goEnd
func goEnd(depth C.int) {
	if depth >= 0 {
		panic("out")
	}
	count := 0
	for i := 0; i < 1100; i++ {
		if ends(i) {
			count++
		}
	}
	fmt.Println(count)
}

// unwatched calls C by a function of the runtime's where a panic has left one of cgo's.
func unwatched() {
	runtime.LockOSThread()
	for i := 0; i < 5; i++ {
		fmt.Println(ends(0), syscall.Setegid(syscall.Getegid()))
	}
}

var (
	kept  [][]byte
	large = int64(6) << 30
)

// heap has signals interrupt goroutines that never called C, beyond the first 4 GiB, which are not touched.
func heap() {
	C.leaf()
	for i := 0; i < 90; i++ {
		kept = append(kept, make([]byte, 1<<20))
	}
	kept = append(kept, make([]byte, large)) // fresh from the kernel, so that nobody has to clear it
	seen := make(chan os.Signal, 1000)
	signal.Notify(seen, syscall.SIGUSR1)
	var group sync.WaitGroup
	hold := make(chan bool)
	for i := 0; i < 300; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			<-hold
			runtime.LockOSThread()
			syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(syscall.Gettid()), uintptr(syscall.SIGUSR1))
			runtime.UnlockOSThread()
		}()
	}
	close(hold)
	group.Wait()
	fmt.Println(len(seen) > 0)
}

var none *struct{ first, second int }

// locked has threads end with goroutines that never called C and recovered from a fault.
func locked() {
	for i := 0; i < 5; i++ {
		done := make(chan bool)
		go func() {
			defer close(done)
			runtime.LockOSThread()
			defer func() { recover() }()
			none.second = 5
		}()
		<-done
	}
	C.leaf()
}

const levels = 10000

// goDeeper calls C, which calls it again, all the way down, and returns.
//
//export goDeeper
func goDeeper(n C.int) {
	if n > 1 {
		C.deeper(n - 1)
	}
}

var returned atomic.Int64

func grow(n int) int {
	var room [512]byte
	if n == 0 {
		return int(room[0])
	}
	room[n%len(room)] = 1
	return grow(n-1) + int(room[(n+1)%len(room)])
}

// goStay returns, panics or ends its goroutine, after it has used a good deal of stack.
//
//export goStay
func goStay(how C.int) {
	C.leaf()
	grow(10 * int(how))
	switch how % 5 {
	case 3:
		panic("out")
	case 4:
		runtime.Goexit()
	}
	if how > 4 {
		func() {
			defer func() { recover() }()
			C.stay(how - 2)
		}()
	}
	C.leaf()
	returned.Add(1)
}

// reused has goroutines end in callbacks, or recover outside of them, while the memory of their stacks is used again.
func reused() {
	var group sync.WaitGroup
	for thread := 0; thread < 6; thread++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for round := 0; round < 40; round++ {
				done := make(chan bool)
				go func() {
					defer close(done)
					defer func() { recover() }()
					grow(round % 13)
					C.stay(C.int(round % 11))
				}()
				<-done
				if round%8 == thread {
					runtime.GC()
				}
			}
		}()
	}
	group.Wait()
	fmt.Println(returned.Load())
}

func main() {
	switch os.Args[1] {
	case "reused":
		reused()
	case "depths":
		C.outer()
	case "unwatched":
		unwatched()
	case "small":
		C.sort_on_small_stacks(12, 48<<10)
		fmt.Println(comparisons.Load())
	case "heap":
		heap()
	case "locked":
		locked()
	case "regrown":
		regrown()
	case "nested":
		nested()
	case "deep":
		C.deeper(levels)
		fmt.Println(levels)
	case "threads":
		threads()
	}
}
