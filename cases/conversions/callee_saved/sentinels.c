#include <pthread.h>
#include <stdlib.h>

#include "sentinels.h"

slot slots_in[SLOTS], slots_out[SLOTS];

/* runtime/cgo/asm_*.s: every wrapper of an exported function calls it, and SWIG's code does. */
extern void crosscall2(void (*fn)(void *), void *arg, int size, size_t ctxt);

/* runtime/asm_*.s: every wrapper of a C function with a result calls it. */
extern char *_cgo_topofstack(void);

target_fn crosscall2_target(void)
{
    return (target_fn)crosscall2;
}

target_fn topofstack_target(void)
{
    return (target_fn)_cgo_topofstack;
}

struct call {
    target_fn target;
    uintptr_t fn;
    const slot *in;
    slot *out;
};

static void *thread(void *p)
{
    struct call *c = p;
    call_with_sentinels(c->target, c->fn, c->in, c->out);
    return NULL;
}

void call_on_c_thread(target_fn target, uintptr_t fn, const slot *in, slot *out)
{
    struct call c = {target, fn, in, out};
    pthread_t t;
    if (pthread_create(&t, NULL, thread, &c) != 0 || pthread_join(t, NULL) != 0)
        abort();
}
