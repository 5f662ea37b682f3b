// C threads come, call Go, and go.
package main

/*
#cgo LDFLAGS: -lpthread
#include "threads.h"
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

//export goCallback
func goCallback(number, call C.int) C.int64_t {
	C.measure()
	if number%50 == 0 {
		runtime.Gosched()
	}
	return C.int64_t(number)*1000 + C.int64_t(call)
}

// counts gives the threads that the runtime has made or met, those of the process, and the goroutines.
func counts() (ms, threads, goroutines int) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	return pprof.Lookup("threadcreate").Count(), len(tasks), runtime.NumGoroutine()
}

const atOnce = 8

// few says whether a count grew by less than the threads of C that are alive at once: the runtime makes some of its own.
func few(before, after int) string {
	if after-before <= atOnce {
		return "no"
	}
	return fmt.Sprint("by ", after-before)
}

func main() {
	fmt.Println("pthread keys taken before Go:", C.keys_taken() > 0)
	C.come_and_go(atOnce, atOnce, 3)
	for _, part := range []struct {
		name           string
		threads, calls C.int
	}{
		{"1000 threads, one callback each", 1000, 1},
		{"1000 threads, five callbacks each", 1000, 5},
	} {
		ms, threads, goroutines := counts()
		seen := C.come_and_go(part.threads, atOnce, part.calls)
		msAfter, threadsAfter, goroutinesAfter := counts()
		for threadsAfter > threads+atOnce {
			_, threadsAfter, _ = counts() // joined, but the kernel is not done; one that never ends is a time-out
		}
		fmt.Printf("%s: callbacks %d, wrong results %d, stack elsewhere %d; grew: Ms %s, threads %s, goroutines %s\n", part.name,
			seen.callbacks, seen.wrong, seen.moved, few(ms, msAfter), few(threads, threadsAfter), few(goroutines, goroutinesAfter))
	}
}
