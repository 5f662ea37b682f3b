#include "plugin.h"
#include "_cgo_export.h"

struct pair plugin_c(int a, double b, int64_t c, float d)
{
    return (struct pair){a * INT64_C(1000001) + c, b * 2 + d};
}

int recover_often(int times)
{
    int recovered = 0;

    for (int i = 0; i < times; i++)
        recovered += pluginRecovers(i);
    return recovered;
}

static void *thread(void *p)
{
    *(int *)p = recover_often(*(int *)p);
    return NULL;
}

int recover_often_on_c_thread(int times)
{
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &times) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return times;
}

const char *defined_in(void)
{
    return "the plugin's";
}
