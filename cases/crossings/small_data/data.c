#include <stdint.h>

#include "data.h"
#include "_cgo_export.h"

/* 512 bytes in: the linker takes the first few of the section for out of reach. */
static struct {
    uint64_t room[64];
    volatile uint64_t value;
} small
#ifdef __riscv
    __attribute__((section(".sdata")))
#endif
    = {{0}, UINT64_C(0x5a4b78691e0f3c2d)};

int kept(void)
{
    return small.value == UINT64_C(0x5a4b78691e0f3c2d);
}

int kept_after(int fault)
{
    goCallback(fault);
    return small.value == UINT64_C(0x5a4b78691e0f3c2d);
}
