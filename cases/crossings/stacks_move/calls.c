#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "_cgo_export.h"

enum { MOST = 64, ROUNDS = 6 };

/* Volatile, so that the compiler cannot know that the values computed before and after are the same. */
static volatile int64_t unit = 1000001;
static volatile double half = 0.5;

void leaf(void) {}

static __attribute__((noinline)) int64_t call(int depth, int id, int recovers, struct counts *c, volatile char *room)
{
    int64_t a = id * unit, b = depth + unit, result;
    double d = id + half;

    result = goCallback(depth, id, recovers, c);
    c->wrong_values += a != id * unit || b != depth + unit || d != id + half || room[id % 5] != (char)id;
    c->wrong_results += result != depth * 1000 + id;
    return result;
}

int64_t nest(int depth, int id, int recovers, struct counts *c)
{
    volatile char room[200 + 37 * (id % 5)];

    memset((void *)room, id, sizeof room);
    return call(depth, id, recovers, c, room);
}

struct job {
    pthread_t thread;
    int id, recovers;
    struct counts counts;
};

static void *thread(void *p)
{
    struct job *j = p;

    for (int round = 0; round < ROUNDS; round++)
        nest(round % 4, j->id, j->recovers < 0 ? -1 : j->id % (round % 4 + 1), &j->counts);
    return NULL;
}

struct counts run_threads(int threads, int recovers)
{
    static struct job jobs[MOST];
    struct counts sum = {0, 0};

    for (int i = 0; i < threads; i++) {
        jobs[i] = (struct job){.id = i, .recovers = recovers};
        if (pthread_create(&jobs[i].thread, NULL, thread, &jobs[i]) != 0)
            abort();
    }
    for (int i = 0; i < threads; i++) {
        if (pthread_join(jobs[i].thread, NULL) != 0)
            abort();
        sum.wrong_results += jobs[i].counts.wrong_results;
        sum.wrong_values += jobs[i].counts.wrong_values;
    }
    return sum;
}
