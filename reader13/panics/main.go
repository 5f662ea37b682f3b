package main
/*
#include <string.h>
extern void goP(int d, int stop);
static void c(int d, int stop) { volatile char b[100+(d*48)]; memset((void*)b,d,sizeof b); goP(d, stop); b[0]=1; }
static void leaf(void){}
static int bad(void){ return 0; }
*/
import "C"
import ("fmt";"runtime")
var log []int
//export goP
func goP(d, stop C.int) {
	C.leaf()
	if d == stop { defer func(){ if r:=recover(); r!=nil { log=append(log,int(d)); C.leaf() } }() }
	if d == 0 { if stop%2==0 { var p *int; *p = 1 } ; panic("x") }
	C.leaf()
	C.c(d-1, stop)
	C.leaf()
}
func top(d, stop C.int) { defer func(){ recover(); C.leaf() }(); C.c(d, stop); C.leaf() }
func gx(d C.int) { done:=make(chan bool); go func(){ defer close(done); defer C.leaf(); C.c(d, -2) ; }(); <-done }
func main() {
	for s:=C.int(-1); s<6; s++ { top(5, s); C.leaf(); C.c(0,0) }
	for i:=0;i<4;i++ { d:=make(chan bool); go func(){ if i%2==0 { runtime.LockOSThread() }; for s:=C.int(0); s<4; s++ { top(4,s) }; close(d) }(); <-d }
	C.leaf()
	fmt.Println(len(log))
}
