package main
/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>
#include <stdint.h>
#include <alloca.h>
#include <string.h>
extern int goCb(int depth, int id);
static int nest(int depth, int id) { volatile char b[200 + 37*(id%5)]; memset((void*)b, id, sizeof b); return goCb(depth, id) + b[0]*0; }
static void *th(void *p) { intptr_t id = (intptr_t)p; for (int i = 0; i < 6; i++) nest(i%4, (int)id); return 0; }
static void run(int n) { pthread_t t[64]; for (intptr_t i = 0; i < n; i++) pthread_create(&t[i],0,th,(void*)i); for (int i=0;i<n;i++) pthread_join(t[i],0); }
static void leaf(void) {}
*/
import "C"
import ("fmt";"sync/atomic";"runtime";"sync")
var n atomic.Int64
func grow(d int) int { var b [512]byte; if d == 0 { return int(b[0]) }; b[d%512]=1; return grow(d-1)+int(b[(d+1)%512]) }
//export goCb
func goCb(depth, id C.int) C.int {
	n.Add(1)
	C.leaf()
	if depth > 0 { grow(20*int(depth)); C.nest(depth-1, id); C.leaf() }
	if id%3 == 0 { runtime.Gosched() }
	return 0
}
func main() {
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ { wg.Add(1); go func(){ defer wg.Done(); if i%2==0 {runtime.LockOSThread()}; for j:=0;j<5;j++ { C.nest(3, C.int(i)); runtime.GC() } }() }
	C.run(12)
	wg.Wait()
	fmt.Println(n.Load())
}
