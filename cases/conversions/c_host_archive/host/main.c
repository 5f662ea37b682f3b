/* The C half: the program. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcase.h"

static void is_int(const char *what, int64_t got, int64_t want)
{
    if (got == want)
        printf("%s: %lld\n", what, (long long)got);
    else
        printf("%s: wrong\n", what);
}

static void is_true(const char *what, int yes)
{
    printf("%s: %s\n", what, yes ? "yes" : "no");
}

static int64_t visit(int value, double weight, void *user)
{
    if (weight != value / 4.0)
        return -1000000;
    return *(int *)user + (int64_t)value * value;
}

static void *thread(void *user)
{
    static int64_t sum;
    sum = goVisit(10, visit, user);
    return &sum;
}

int main(int argc, char **argv)
{
    int ten = 10;

    is_int("Go's init has run before main", goInitialised(), 4321);
    is_true("Go knows the program's argument", argc == 2 && goArgumentIs(1, argv[1]));

    struct sum s = goAdd(3333333333333333, 2.25);
    is_int("struct result, int64_t", s.n, 3333333333333334);
    is_true("struct result, double is 2.75", s.d == 2.75);

    GoString text = {"banana", 6}, part = {"an", 2};
    is_int("GoString arguments by value", goCount(text, part), 2);

    char *upper = goUpper("straight");
    is_true("C string there and back", strcmp(upper, "STRAIGHT") == 0);
    free(upper);

    is_int("C function pointer called by Go", goVisit(10, visit, &ten), 485);
    is_int("C function pointer called by 10 goroutines", goVisitConcurrently(10, visit, &ten), 485);

    pthread_t t;
    void *sum = NULL;
    if (pthread_create(&t, NULL, thread, &ten) != 0 || pthread_join(t, &sum) != 0)
        abort();
    is_int("the same from another C thread", *(int64_t *)sum, 485);

    is_true("a panic recovered inside Go stays there", goRecovers() == 1);
    return 0;
}
