package main
/*
#include <pthread.h>
#include <string.h>
#include <setjmp.h>
extern void goX(int);
static __thread jmp_buf jb;
static void c(int d){ volatile char b[64+d*100]; memset((void*)b,1,sizeof b); goX(d); b[0]=0; }
static void leaf(void){}
static void big(void){ volatile char b[60000]; memset((void*)b,1,sizeof b); goX(9);}
*/
import "C"
import ("fmt";"runtime";"sync")
//export goX
func goX(d C.int) {
	C.leaf()
	if d==9 { return }
	if d==0 { runtime.Goexit() }
	defer C.leaf()
	C.c(d-1)
}
func main() {
	C.big()
	for i:=0;i<8;i++ {
		var wg sync.WaitGroup
		wg.Add(2)
		for j:=0;j<2;j++ { go func(){ defer wg.Done(); if (i+j)%2==0 { runtime.LockOSThread() }; C.leaf(); C.big(); C.c(C.int(i%4)) }() }
		wg.Wait()
		C.leaf(); C.big()
	}
	fmt.Println("ok")
}
