#include <errno.h>
#include <pthread.h>

#include "results.h"
#include "_cgo_export.h"

int set_errno(int value, int result)
{
    errno = value;
    return result;
}

void set_errno_only(int value)
{
    errno = value;
}

int leave_errno(int result)
{
    return result;
}

int read_errno(void)
{
    return errno;
}

struct seen around_callback(int value, int what)
{
    struct seen s;

    s.before = errno;
    errno = value;
    goCallback(what);
    s.after = errno;
    return s;
}

int meet_with_errno(int value, int threads)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t all_here = PTHREAD_COND_INITIALIZER;
    static int here, round;

    errno = value;
    pthread_mutex_lock(&lock);
    int mine = round;
    if (++here == threads) {
        here = 0;
        round++;
        pthread_cond_broadcast(&all_here);
    }
    while (round == mine)
        pthread_cond_wait(&all_here, &lock);
    pthread_mutex_unlock(&lock);
    return errno == value;
}
