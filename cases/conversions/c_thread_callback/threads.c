#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "threads.h"
#include "_cgo_export.h"

enum { MAX = 64 };

static _Thread_local int64_t mine;

int64_t thread_local_value(void)
{
    return mine;
}

struct job {
    pthread_t thread;
    int number, calls;
    struct seen seen;
};

static void *thread(void *p)
{
    struct job *j = p;
    int tid = (int)syscall(SYS_gettid);

    mine = 1000000007LL * (j->number + 1);
    for (int i = 0; i < j->calls; i++) {
        int same_thread = 0;
        double d = goCallback(j->number, i, 0.25 * i, tid, &same_thread);

        j->seen.wrong_results += d != 1000.0 * j->number + 1.25 * i + (double)mine;
        j->seen.wrong_thread += !same_thread;
        j->seen.wrong_thread_local += mine != 1000000007LL * (j->number + 1);
    }
    return NULL;
}

static void start(struct job *j, int number, int calls)
{
    *j = (struct job){.number = number, .calls = calls};
    if (pthread_create(&j->thread, NULL, thread, j) != 0)
        abort();
}

static void finish(struct job *j, struct seen *sum)
{
    if (pthread_join(j->thread, NULL) != 0)
        abort();
    sum->wrong_results += j->seen.wrong_results;
    sum->wrong_thread += j->seen.wrong_thread;
    sum->wrong_thread_local += j->seen.wrong_thread_local;
}

struct seen in_sequence(int threads, int calls)
{
    struct seen sum = {0, 0, 0};

    for (int i = 0; i < threads; i++) {
        struct job job;
        start(&job, i, calls);
        finish(&job, &sum);
    }
    return sum;
}

struct seen at_once(int threads, int calls)
{
    static struct job jobs[MAX];
    struct seen sum = {0, 0, 0};

    if (threads > MAX)
        abort();
    for (int i = 0; i < threads; i++)
        start(&jobs[i], i, calls);
    for (int i = 0; i < threads; i++)
        finish(&jobs[i], &sum);
    return sum;
}
