/* Threads made by C that call Go. */
#ifndef THREADS_H
#define THREADS_H

#include <stdint.h>

/* What one thread saw. */
struct seen {
    int wrong_results;      /* callbacks whose result was not the right one */
    int wrong_thread;       /* callbacks that ran on some other thread */
    int wrong_thread_local; /* callbacks after which this thread's _Thread_local variable had changed */
};

/* Start threads one after the other, each when the one before has ended; each calls Go calls times. */
struct seen in_sequence(int threads, int calls);

/* Start all threads, then wait for all. */
struct seen at_once(int threads, int calls);

/* Called back by Go on the calling thread: what its _Thread_local variable holds. */
int64_t thread_local_value(void);

#endif
