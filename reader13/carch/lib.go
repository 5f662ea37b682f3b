package main
/*
#include <stdlib.h>
static void leaf(void){}
typedef void (*f)(int);
static void call(f g,int x){ g(x); }
*/
import "C"
import "runtime"
var N int
//export goAdd
func goAdd(x C.int) C.int { N+=int(x); C.leaf(); return C.int(N) }
//export goBack
func goBack(g C.f, x C.int) { C.leaf(); C.call(g, x); C.leaf(); if x%2==1 { runtime.GC() } }
func main(){}
