package main
/*
#include <math.h>
#include <stdint.h>
#include <pthread.h>
#cgo LDFLAGS: -lm -lpthread
extern int goCmp(int);
static double spin(int n){ double s=0; for(int i=0;i<n;i++) s+=sqrt(i*1.5); return s; }
static int cb(int n){ int s=0; for(int i=0;i<n;i++){ s+=goCmp(i); spin(2000);} return s; }
static void*t(void*p){ cb(20); spin(300000); return 0; }
static void thr(void){ pthread_t a,b; pthread_create(&a,0,t,0); pthread_create(&b,0,t,0); pthread_join(a,0); pthread_join(b,0);} 
*/
import "C"
import ("bytes";"fmt";"runtime/pprof";"runtime")
//export goCmp
func goCmp(i C.int) C.int { x:=0; for k:=0;k<3000;k++ { x+=k*int(i) }; return C.int(x&1) }
func main() {
	runtime.SetCPUProfileRate(500)
	var b bytes.Buffer
	pprof.StartCPUProfile(&b)
	d:=make(chan bool)
	go func(){ C.cb(40); d<-true }()
	C.spin(500000)
	C.thr()
	C.cb(40)
	<-d
	pprof.StopCPUProfile()
	fmt.Println(b.Len()>0)
}
