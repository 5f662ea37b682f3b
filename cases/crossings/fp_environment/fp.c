#include <fenv.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "fp.h"
#include "_cgo_export.h"

static const int rounding[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};

/* Volatile, so that the compiler divides when the program runs, and before and after a call. */
static volatile double one = 1, three = 3, ten = 10;
static volatile long double long_one = 1, long_three = 3;

typedef double pair __attribute__((vector_size(16)));
typedef int32_t quad __attribute__((vector_size(16)));

static struct control first;
static long double first_third;
static fenv_t first_environment;

static __attribute__((constructor)) void before_go(void)
{
    first = control();
    first_third = long_one / long_three;
    if (fegetenv(&first_environment) != 0)
        abort();
}

static void set(enum mode mode)
{
    if (fesetround(rounding[mode]) != 0)
        abort();
    if (mode == FLUSHING)
        flush();
}

static int same(struct control a, struct control b)
{
    return a.bits == b.bits && a.x87 == b.x87;
}

/* No loop over rounding[]: gcc makes vectors of it, whose constants QEMU 10.0 gets wrong on ppc64le. */
static enum mode mode_of(int round)
{
    switch (round) {
    case FE_TONEAREST:
        return NEAREST;
    case FE_UPWARD:
        return UPWARD;
    case FE_DOWNWARD:
        return DOWNWARD;
    case FE_TOWARDZERO:
        return TOWARD_ZERO;
    default:
        return MODES;
    }
}

static struct kept call_in_mode(enum mode mode, int what)
{
    struct control before = control();
    double up = one / three, down = one / ten, below = -one / ten;
    pair p = {up, down}, q = p * below;
    quad r = {what, 2, 3, (int)mode}, s = r * r;
    struct kept k;

    goCallback(what);

    k.same = same(before, control());
    k.mode = mode_of(fegetround());
    k.divides = up == one / three && down == one / ten && below == -one / ten;
    pair p2 = {one / three, one / ten}, q2 = p2 * (-one / ten);
    quad r2 = {what, 2, 3, (int)mode}, s2 = r2 * r2;
    k.values = memcmp(&p, &p2, sizeof p) == 0 && memcmp(&q, &q2, sizeof q) == 0 && memcmp(&s, &s2, sizeof s) == 0;
    return k;
}

struct kept call_go(enum mode mode, int what)
{
    fenv_t saved;
    struct kept k;

    if (fegetenv(&saved) != 0)
        abort();
    set(mode);
    k = call_in_mode(mode, what);
    fesetenv(&saved);
    return k;
}

struct job {
    enum mode mode;
    int what, times, as_before;
    struct kept kept;
};

static void *thread(void *p)
{
    struct job *j = p;

    fesetenv(&first_environment); /* it has inherited that of the thread that made it */
    set(j->mode);
    for (int i = 0; i < j->times; i++)
        j->kept = call_in_mode(j->mode, j->what);
    j->as_before = as_before_go();
    return NULL;
}

static void on_c_thread(struct job *j)
{
    pthread_t t;
    if (pthread_create(&t, NULL, thread, j) != 0 || pthread_join(t, NULL) != 0)
        abort();
}

struct kept call_go_on_c_thread(enum mode mode, int what, int times)
{
    struct job j = {.mode = mode, .what = what, .times = times};
    on_c_thread(&j);
    return j.kept;
}

void leave_with(enum mode mode)
{
    set(mode);
}

void leave_as_at_first(void)
{
    fesetenv(&first_environment);
}

int as_before_go(void)
{
    return same(first, control()) | (first_third == long_one / long_three) << 1;
}

int as_before_go_on_c_thread(int times)
{
    struct job j = {.mode = NEAREST, .times = times};
    on_c_thread(&j);
    return j.as_before;
}
