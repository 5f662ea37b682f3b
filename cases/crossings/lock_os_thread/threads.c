#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "threads.h"
#include "_cgo_export.h"

int thread_id(void)
{
    return (int)syscall(SYS_gettid);
}

struct seen call_go(int what, int depth)
{
    struct seen s;

    s.before = thread_id();
    goCallback(what, depth, s.before);
    s.after = thread_id();
    return s;
}

struct job {
    int what, times, moved;
};

static void *thread(void *p)
{
    struct job *j = p;

    for (int i = 0; i < j->times; i++) {
        struct seen s = call_go(j->what, 1);
        j->moved += s.before != s.after;
    }
    return NULL;
}

int call_go_on_c_thread(int what, int times)
{
    struct job j = {what, times, 0};
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.moved;
}
