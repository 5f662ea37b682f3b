/* What a program and its plugin have in common; each gets functions of its own of these. */
#ifndef CALLS_H
#define CALLS_H

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct pair { int64_t n; double d; };
typedef struct pair (*mixed_fn)(int a, double b, int64_t c, float d);
typedef int64_t (*down_fn)(int depth, double d);

static __thread int calls; /* reached in one way in a program, and in another in what is loaded later */

/* Call f n times, and add up. */
static inline struct pair call_mixed(mixed_fn f, int n)
{
    struct pair sum = {0, 0.5};

    calls = 0;
    for (int i = 1; i <= n; i++) {
        struct pair p = f(i, i * 0.25, -i, i * 0.125f);
        sum.n += p.n + ++calls - i;
        sum.d += p.d;
    }
    return sum;
}

struct job {
    mixed_fn f;
    int n;
    struct pair sum;
};

static inline void *mixed_thread(void *p)
{
    struct job *j = p;
    j->sum = call_mixed(j->f, j->n);
    return NULL;
}

static inline struct pair call_mixed_on_c_thread(mixed_fn f, int n)
{
    struct job j = {.f = f, .n = n};
    pthread_t t;

    if (pthread_create(&t, NULL, mixed_thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.sum;
}

static inline int64_t call_down(down_fn f, int depth, double d)
{
    return f(depth, d + 0.5) + 1;
}

#endif
