package main
/*
#include <ucontext.h>
#include <stdlib.h>
#include <signal.h>
#include <stdint.h>
#include <pthread.h>
extern void goStep(int id, int depth);
static __thread ucontext_t mainc, co[4];
static __thread int done[4], cur;
static void leaf(int x) { volatile char b[64]; b[x&63]=x; }
static void body(int id) { for (int i=0;i<3;i++) { goStep(id, i); swapcontext(&co[id], &mainc);} done[id]=1; }
static void coros(int k) {
  static __thread char *st[4];
  for (int i=0;i<k;i++) { if(!st[i]) st[i]=aligned_alloc(16, 262144); done[i]=0; getcontext(&co[i]); co[i].uc_stack.ss_sp=st[i]; co[i].uc_stack.ss_size=262144; co[i].uc_link=&mainc; makecontext(&co[i], (void(*)(void))body, 1, i);}  
  for (int r=0;r<4;r++) for (int i=0;i<k;i++) if(!done[i]) swapcontext(&mainc,&co[i]);
}
// inner: a coroutine run wholly inside a callback that is on another coroutine
static __thread ucontext_t back2, c2;
extern void goIn2(void);
static void body2(void) { goIn2(); leaf(3); }
static void nested(void) { char *s = aligned_alloc(16,131072); getcontext(&c2); c2.uc_stack.ss_sp=s; c2.uc_stack.ss_size=131072; c2.uc_link=&back2; makecontext(&c2,body2,0); swapcontext(&back2,&c2); free(s);} 
static void *th(void*p){ coros(3); nested(); coros(2); return 0; }
static void threads(void){ pthread_t t[3]; for(int i=0;i<3;i++) pthread_create(&t[i],0,th,0); for(int i=0;i<3;i++) pthread_join(t[i],0);} 
*/
import "C"
import ("fmt"; "runtime")
var n int64
func grow(d int) int { var b [512]byte; if d == 0 { return int(b[0]) }; b[d%512]=1; return grow(d-1)+int(b[(d+1)%512]) }
//export goStep
func goStep(id, d C.int) { C.leaf(id); grow(int(id)*30); C.nested(); C.leaf(d) }
//export goIn2
func goIn2() { C.leaf(1); grow(10) }
func main() {
	runtime.LockOSThread()
	for i:=0;i<3;i++ { C.leaf(0); C.coros(3); C.leaf(0); C.nested() }
	done:=make(chan bool)
	go func(){ C.coros(4); C.leaf(2); done<-true }()
	<-done
	C.threads()
	C.leaf(9)
	fmt.Println("ok")
}
