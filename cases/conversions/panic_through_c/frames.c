#include "frames.h"
#include "_cgo_export.h"

int returned;

static __attribute__((noinline)) void inner(int number)
{
    volatile char locals[64 << 10];

    locals[number % sizeof locals] = 1;
    goPanic(number);
    returned += locals[number % sizeof locals];
}

void call_panicking(int number)
{
    inner(number);
    returned++;
}
