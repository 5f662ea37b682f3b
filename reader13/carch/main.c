#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <pthread.h>
#include <string.h>
#include <alloca.h>
#include "lib.h"
static void back(int x){ if(x>0) goBack((void*)back, x-1); else goAdd(0); }
static void h(int s){ goAdd(1); goBack((void*)back,2); }
static void deep(int n){ volatile char b[1000]; memset((void*)b,n,sizeof b); if(n) deep(n-1); else goBack((void*)back,3); b[1]=0; }
static void *t(void*p){ stack_t ss={.ss_sp=malloc(262144),.ss_size=262144}; sigaltstack(&ss,0); for(int i=0;i<4;i++){ goAdd(0); raise(SIGUSR1); deep(i*3); } return 0; }
int main(){ struct sigaction a={.sa_handler=h,.sa_flags=SA_ONSTACK}; goAdd(0); sigaction(SIGUSR1,&a,0);
 t(0); pthread_t q[3]; 
 for(int i=0;i<3;i++){ pthread_create(&q[i],0,t,0); pthread_join(q[i],0);} deep(30); deep(1); t(0); goAdd(1); printf("%d\n", goAdd(0)>0); return 0; }
